"""What a finished training reached: on the test set, in every simulator, and what it took."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from ..data import SpikeData, Splits
from ..methods import METHODS, Method
from ..networks.network import Network
from ..networks.params import NetworkParams
from ..training.config import TrainConfig
from ..training.loop import Trainer
from ..training.objective import Objective
from ..training.result import Result
from ..training.room import Runaway
from ..training.trained import unconstrained_params
from .gradient_similarity import compare
from .memory import residual_bytes
from .timing import summary

_UNTIMED = 2  # steps at the start, in which kernels and XLA programs are compiled


def transfer_objectives(
    trainers: Mapping[str, Trainer], network: Network, config: TrainConfig, make: Callable[[str], Method]
) -> dict[str, Objective]:
    """By simulator, what runs weights in it that were trained in another: a trainer, or else its first method.

    Args:
        trainers: by method.
        network: structure and settings.
        config: of the training.
        make: gives a method by its name, with its options.

    Returns:
        Without simulators that cannot run the network, such as a grid that does not fit its delay.
    """
    found: dict[str, Objective] = {}
    for trainer in trainers.values():
        found.setdefault(trainer.method.simulator, trainer)
    for name, method in METHODS.items():
        if method.simulator not in found:
            try:
                found[method.simulator] = Objective(network, config, make(name))
            except ValueError:
                continue
    return found


def measure(
    trainer: Trainer, others: Mapping[str, Objective], result: Result, splits: Splits
) -> tuple[dict[str, Any], np.ndarray]:
    """Figures of one finished training; the test set is used here and nowhere else.

    Args:
        trainer: that trained.
        others: by simulator, see ``transfer_objectives``.
        result: of the training.
        splits: the data.

    Returns:
        ``(figures, confusion)``: how many test samples of each class (row) got each answer (column).
    """
    data, network = splits.train, trainer.network
    times = result.history.get("step_s", [])
    usual = summary(times[_UNTIMED:])["median"] if times[_UNTIMED:] else None
    trained, _ = unconstrained_params(result.params, network, trainer.config)
    tested, confusion = test_figures(trainer, result.params, splits)
    figures = {
        **tested,
        **transfer_figures(trainer.method, others, result.params, splits),
        "validation_accuracy": result.kept_figure("validation_accuracy"),
        "train_accuracy": result.kept_figure("train_accuracy"),
        "epochs": result.epochs,
        "kept_epoch": result.kept,
        "hidden_rate_hz": result.kept_figure("hidden_rate_hz"),
        "silent_fraction": result.kept_figure("silent_fraction"),
        "seconds_per_step": usual,
        "compile_s": None if usual is None else sum(max(time - usual, 0.0) for time in times[:_UNTIMED]),
        "training_s": sum(result.history.get("epoch_s", [])),
        "input_spikes_per_sample": float(data.spikes_per_sample.mean()),
        "residual_bytes": kept_bytes(trainer, result.params, data),
        "event_capacity": list(trainer.room.capacities) if trainer.method.needs_room else None,
        "event_pool": list(trainer.room.means) if trainer.method.needs_room else None,
        "parameters": sum(x.size for x in jax.tree.leaves(trained)),
        "hidden_neurons": sum(network.hidden),
        "devices": trainer.devices.count,
        "neuron_devices": trainer.devices.neurons,
    }
    return figures, confusion


def kept_bytes(objective: Objective, params: NetworkParams, data: SpikeData) -> int | None:
    """Bytes that a batch's gradient keeps between its passes, see ``residual_bytes``.

    Returns:
        None for a method that has a gradient of its own, which is not the derivative that is looked at here.
    """
    if type(objective.method).value_and_grad is not Method.value_and_grad:
        return None
    events, labels = objective.batch(data, np.arange(objective.config.batch_size))
    trained, constant = unconstrained_params(params, objective.network, objective.config)

    def loss(trained: Any, constant: NetworkParams) -> Any:
        return objective.value(trained, constant, events, labels, objective.room.now, objective.key)[0]

    return residual_bytes(loss, trained, constant)


def test_figures(objective: Objective, params: NetworkParams, splits: Splits) -> tuple[dict[str, float], np.ndarray]:
    """Accuracy and hidden spikes a sample on the test set; accuracy on groups known from training, and unseen ones.

    Returns:
        The figures, also ``runaway_share``, the share of samples in which the network runs away; the others are those
        of the other samples, NaN if there is none. Without groups, their figures are left out. And how many samples of
        each class (row) got each answer (column).
    """
    test, train = splits.test, splits.train
    if test.groups is None or train.groups is None:
        parts = {"": np.arange(len(test))}
    else:
        known = np.isin(test.groups, train.groups)
        parts = {"known": np.flatnonzero(known), "unseen": np.flatnonzero(~known)}
    parts = {name: part for name, part in parts.items() if part.size}
    found = {name: objective.evaluate_classes(params, test.select(part), strict=False) for name, part in parts.items()}
    figures = {name: each for name, (each, _) in found.items()}
    confusion = np.sum([each for _, each in found.values()], axis=0)
    kept = {name: part.size * (1 - figures[name]["runaway_share"]) for name, part in parts.items()}

    def total(key: str) -> float:
        if not any(kept.values()):
            return float("nan")
        return sum(figures[name][key] * size for name, size in kept.items() if size) / sum(kept.values())

    by_group = {f"test_accuracy_{name}_groups": values["accuracy"] for name, values in figures.items() if name}
    tested = {
        "test_accuracy": total("accuracy"), "test_balanced_accuracy": balanced(confusion), **by_group,
        "spikes_per_sample": total("spikes_per_sample"), "runaway_share": 1 - sum(kept.values()) / len(test),
    }  # fmt: skip
    return tested, confusion


def balanced(confusion: np.ndarray) -> float:
    """Mean over the classes of the share of a class that is right: a frequent class counts no more than a rare one.

    Args:
        confusion: samples of each class (row) by answer (column); a class without samples does not count.

    Returns:
        NaN if there are no samples.
    """
    of_class = confusion.sum(1)
    there = of_class > 0
    return float(np.mean(confusion.diagonal()[there] / of_class[there])) if there.any() else float("nan")


def transfer_figures(
    method: Method, others: Mapping[str, Objective], params: NetworkParams, splits: Splits
) -> dict[str, Any]:
    """Test accuracy of the same weights in another simulator than the one they were trained in.

    Returns:
        ``transfer_accuracy`` on the samples in which the network does not run away, and ``transfer_runaway_share`` of
        those in which it does; None where there is no other simulator.
    """
    other = next((each for simulator, each in others.items() if simulator != method.simulator), None)
    if other is None:
        return {"transfer_accuracy": None, "transfer_runaway_share": None}
    reached, _ = test_figures(other, params, splits)
    return {"transfer_accuracy": reached["test_accuracy"], "transfer_runaway_share": reached["runaway_share"]}


def reference_method(names: Mapping[str, Any]) -> str | None:
    """The method that others are compared with: the first one with exact gradients; None if there is none."""
    return next((name for name in names if METHODS[name].exact), None)


def compare_gradients(
    trainers: Mapping[str, Trainer], stages: Mapping[str, NetworkParams], data: SpikeData
) -> dict[str, dict[str, Any]]:
    """Similarity of every method's gradient to the exact one, by stage, method and parameter.

    Of the loss on the first training batch, without the rate regularisation, which is a heuristic.

    Args:
        trainers: by method.
        stages: parameters at which the gradients are taken, by name.
        data: training set.

    Returns:
        As ``gradient_similarity.compare`` by stage and method. A stage is empty without an exact method among them, or
        if its parameters make the network run away.
    """
    reference = reference_method(trainers)
    if reference is None:
        return {stage: {} for stage in stages}
    quiet = {
        name: Objective(each.network, replace(each.config, rate_strength=0.0), each.method)
        for name, each in trainers.items()
    }
    batch = quiet[reference].batch(data, np.arange(quiet[reference].config.batch_size))
    found: dict[str, dict[str, Any]] = {}
    for stage, params in stages.items():
        try:
            gradients = {name: objective.gradient(params, *batch)[0] for name, objective in quiet.items()}
        except Runaway:
            found[stage] = {}
            continue
        exact = gradients.pop(reference)
        found[stage] = {name: compare(exact, gradient) for name, gradient in gradients.items()}
    return found
