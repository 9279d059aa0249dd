"""The main job: train a spiking network with EventProp, with BPTT and surrogate gradients, or both, and compare.

    python -m gradlab.bench --method eventprop
    python -m gradlab.bench --method both --dataset shd --data-dir DIR

    python -m gradlab.bench --preset shd-256 --data-dir DIR --resume

Ends with a table, appends a record to OUT/bench.jsonl and draws figures into OUT/figures.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import numpy as np
import tyro

from solvers.surrogates import Surrogate

from . import agreement, plots, recipe_plots, records
from .command import prepare, run_command
from .data import VALIDATION_SPEAKERS, SpikeData, Splits, load
from .memory import residual_bytes
from .network import Network, NetworkParams
from .presets import PRESETS
from .recipe import TrainConfig, to_free_params
from .runner import Runaway
from .timing import summary
from .train import BPTTTrainer, EventPropTrainer, Result, Trainer

METHODS = ("eventprop", "bptt")
_RECORDS = "bench.jsonl"
_UNTIMED = 2  # steps at the start, in which kernels and XLA programs are compiled


@dataclass(frozen=True)
class Config:
    """Train one recurrent spiking network with exact or with surrogate gradients, and measure both.

    Attributes:
        preset: named set of options, see gradlab/presets.py; options that are given go before it.
        method: eventprop (continuous time, exact gradients), bptt (time grid, surrogate gradients), or both in turn
            from the same initial weights.
        dataset: shd is downloaded if there is a network; synthetic needs no download; auto takes SHD if it is there.
        data_dir: folder with shd_train.h5 and shd_test.h5, or their parent; where shd is downloaded to.
        validation_speakers: speakers of the training set that are held out, to choose settings by; none with no number.
        hidden: neurons of each hidden layer, such as 128, or 128 128 for two.
        pool: neighbouring input channels that have their weights in common, such as 5.
        delay_line: copies of the input, each on channels of its own and later than the one before: so many times the
            input spikes, and so much more time.
        delay_step: delay between the copies [s].
        recurrent: recurrent weights in the hidden layers.
        loss: cross-entropy on the readout's mean voltage (mean), the same with weight exp(-t/duration) (exp), its
            maximum (max), or on the first spike times of output neurons (ttfs).
        duration: of a trial [s]; later input is left out.
        delay: of recurrent transmission [s].
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        threshold: firing threshold.
        reset: voltage after a spike.
        constants: time constants and thresholds of the hidden neurons: shared by a layer, one for each neuron but equal
            at first, or with time constants drawn for each neuron from a gamma distribution around the settings.
        initialiser: of the weights: mean-driven (EventProp papers), mixed (the same with more spread), or
            fluctuation-driven (Rossbroich et al. 2022).
        engine: of eventprop: numba (CPU), xla (any device), or auto (numba on a CPU, xla elsewhere).
        train: training, for both methods.
        dt: step of the time grid [s], only for bptt; the delay must be a whole number of steps.
        surrogate: surrogate derivative, only for bptt.
        slope: steepness of the surrogate.
        scale: peak of the surrogate.
        reset_gradient: let surrogate gradients pass the reset.
        checkpoint: recompute instead of store, only for bptt: less memory, more time.
        resume: go on from the checkpoint of a training that was stopped, if there is one; there is one from every
            training with the same options, in OUT/checkpoints, written after each epoch.
        out: folder for records, figures and checkpoints.
        json: print the record as one JSON object in the last line.
    """

    preset: Literal["shd-200", "shd-128-het", "shd-256"] | None = None
    method: Literal["eventprop", "bptt", "both"] = "eventprop"
    dataset: Literal["auto", "shd", "synthetic"] = "auto"
    data_dir: Path | None = None
    validation_speakers: tuple[int, ...] = VALIDATION_SPEAKERS
    hidden: tuple[int, ...] = (128,)
    pool: int = 1
    delay_line: int = 1
    delay_step: float = 30e-3
    recurrent: bool = True
    loss: Literal["mean", "exp", "max", "ttfs"] = "exp"
    duration: float = 1.0
    delay: float = 1e-3
    tau_mem: float = 20e-3
    tau_syn: float = 10e-3
    threshold: float = 1.0
    reset: float = 0.0
    constants: Literal["shared", "equal", "gamma"] = "shared"
    initialiser: Literal["mixed", "mean-driven", "fluctuation-driven"] = "mixed"
    engine: Literal["auto", "numba", "xla"] = "auto"
    train: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)
    dt: float = 1e-3
    surrogate: Literal["superspike", "sigmoid", "triangle", "gaussian", "arctan", "boxcar"] = "superspike"
    slope: float = 10.0
    scale: float = 1.0
    reset_gradient: bool = True
    checkpoint: bool = False
    resume: bool = False
    out: Path = Path("results")
    json: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods to train with."""
        return METHODS if self.method == "both" else (self.method,)


def of_preset(name: str | None) -> Config:
    """The configuration of a preset; the default one for None."""
    if name is None:
        return Config()
    settings = PRESETS[name]
    train = TrainConfig(**settings["train"])
    return Config(preset=name, train=train, **{key: value for key, value in settings.items() if key != "train"})  # type: ignore[arg-type]


# Settings of the network, which the configuration repeats.
_NETWORK = tuple(f.name for f in dataclasses.fields(Network) if f.name in Config.__dataclass_fields__)


def check(config: Config) -> None:
    """Refuse an impossible configuration before anything is loaded or written; what no method reads is not looked at.

    Raises:
        ValueError: says what is wrong.
    """
    network = Network(**{name: getattr(config, name) for name in _NETWORK})
    for method in config.methods:
        trainer_of(method, config, network)


def network_of(config: Config, data: SpikeData) -> Network:
    """The network that the configuration describes, with the data's inputs and classes."""
    return Network(inputs=data.inputs, outputs=data.classes, **{name: getattr(config, name) for name in _NETWORK})


def trainer_of(method: str, config: Config, network: Network) -> Trainer:
    """The trainer of a method."""
    if method == "eventprop":
        return EventPropTrainer(network, config.train)
    return BPTTTrainer(
        network,
        config.train,
        dt=config.dt,
        surrogate=Surrogate(config.surrogate, config.slope, config.scale),
        reset_gradient=config.reset_gradient,
        checkpoint=config.checkpoint,
    )


def worlds(config: Config, network: Network) -> dict[str, Trainer]:
    """The trainers of both methods, which run weights in continuous time and on a grid.

    Without that of bptt if it is not asked for and its grid does not fit the network.
    """
    found = {"eventprop": trainer_of("eventprop", config, network)}
    try:
        return found | {"bptt": trainer_of("bptt", config, network)}
    except ValueError:
        if "bptt" in config.methods:
            raise
        return found


def measure(trainer: Trainer, other: Trainer | None, result: Result, splits: Splits) -> dict[str, Any]:
    """Figures of one finished training; the test set is used here and nowhere else."""
    data, network = splits.train, trainer.network
    events, labels = trainer.batch(data, np.arange(trainer.config.batch_size))
    trained, constant = to_free_params(result.params, network, trainer.config)
    kept = residual_bytes(
        lambda trained, constant: trainer.objective(trained, constant, events, labels, trainer.capacities)[0],
        trained,
        constant,
    )
    tested = test_figures(trainer, result.params, splits)
    elsewhere = {} if other is None else test_figures(other, result.params, splits)
    steps = result.history.get("step_s", [])[_UNTIMED:]
    return {
        **tested,
        "test_accuracy_other_world": elsewhere.get("test_accuracy"),
        "runs_away_in_other_world": bool(np.isnan(elsewhere["test_accuracy"])) if elsewhere else None,
        "validation_accuracy": result.kept_figure("validation_accuracy"),
        "train_accuracy": result.kept_figure("train_accuracy"),
        "epochs": result.epochs,
        "kept_epoch": result.kept,
        "seconds_per_step": summary(steps)["median"] if steps else None,
        "training_s": sum(result.history.get("epoch_s", [])),
        "input_spikes_per_sample": float(data.spikes_per_sample.mean()),
        "residual_bytes": kept,
        "event_capacity": list(trainer.capacities) if trainer.method == "eventprop" else None,
        "parameters": sum(x.size for x in jax.tree.leaves(trained)),
        "hidden_neurons": sum(network.hidden),
    }


def test_figures(trainer: Trainer, params: NetworkParams, splits: Splits) -> dict[str, float]:
    """Accuracy and hidden spikes a sample on the test set; accuracy on the speakers known from training, and unseen.

    Returns:
        NaN if the parameters make the network run away.
    """
    test = splits.test
    known = np.isin(test.speakers, splits.train.speakers)
    parts = {"known": np.flatnonzero(known), "unseen": np.flatnonzero(~known)}
    parts = {name: part for name, part in parts.items() if part.size}
    try:
        figures = {name: trainer.evaluate(params, test.select(part)) for name, part in parts.items()}
    except Runaway:
        return dict.fromkeys(("test_accuracy", "spikes_per_sample"), float("nan"))
    total = lambda key: sum(figures[name][key] * part.size for name, part in parts.items()) / len(test)  # noqa: E731
    by_speakers = {f"test_accuracy_{name}_speakers": values["accuracy"] for name, values in figures.items()}
    return {"test_accuracy": total("accuracy"), **by_speakers, "spikes_per_sample": total("spikes_per_sample")}


def compare_gradients(trainers: dict[str, Trainer], params: NetworkParams, data: SpikeData) -> dict[str, Any]:
    """Agreement of the surrogate gradient with the exact one, by parameter, on the first training batch.

    Returns:
        As ``agreement.compare``; empty if the parameters make the network run away.
    """
    trainer = trainers["eventprop"]
    events, labels = trainer.batch(data, np.arange(trainer.config.batch_size))
    try:
        exact, surrogate = (trainers[method].gradient(params, events, labels)[0] for method in METHODS)
    except Runaway:
        return {}
    return agreement.compare(exact, surrogate)


def draw_raster(trainer: Trainer, params: NetworkParams, data: SpikeData, path: Path) -> None:
    """Input and hidden spikes of the first sample, in continuous time; nothing if they are too many."""
    events, labels = trainer.batch(data, np.arange(1))
    try:
        output = trainer.gradient(params, events, labels)[1]
    except Runaway:
        return
    spikes, used = jax.tree.map(lambda x: np.asarray(x[0]), output.spikes[0]), int(output.spikes[0].count[0])
    size = int(events.count[0])
    figure = plots.raster(
        events.times[0, :size], events.units[0, :size], spikes.times[:used], spikes.units[:used],
        f"class {int(labels[0])}, answer {int(np.argmax(output.logits[0]))}",
    )  # fmt: skip
    plots.save(figure, path)


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The figures of each method as text."""
    lines = [
        ("test accuracy", "test_accuracy", "{:.1%}"),
        ("  unseen speakers", "test_accuracy_unseen_speakers", "{:.1%}"),
        ("  on a grid / in continuous time", "test_accuracy_other_world", "{:.1%}"),
        ("validation accuracy", "validation_accuracy", "{:.1%}"),
        ("training accuracy", "train_accuracy", "{:.1%}"),
        ("seconds a step (median)", "seconds_per_step", "{:.4f}"),
        ("training time [s]", "training_s", "{:.0f}"),
        ("hidden spikes a sample", "spikes_per_sample", "{:.0f}"),
        ("bytes kept for backward", "residual_bytes", "{:,}"),
        ("parameters trained", "parameters", "{:,}"),
    ]

    def show(figures, key, form):
        if figures.get(key) is not None:
            return form.format(figures[key])
        runs_away = key == "test_accuracy_other_world" and figures.get("runs_away_in_other_world")
        return "runs away" if runs_away else "-"

    text = [f"{'':34}" + "".join(f"{plots.METHOD_LABELS[method]:>16}" for method in rows)]
    for label, key, form in lines:
        text.append(f"{label:34}" + "".join(f"{show(figures, key, form):>16}" for figures in rows.values()))
    return "\n".join(text)


def agreement_table(compared: dict[str, Any]) -> str:
    """Cosine and norm ratio of the two gradients as text."""
    show = lambda value: "-" if value is None else f"{value:.3f}"  # noqa: E731
    text = [f"{'surrogate against exact gradient':34}{'parameter':>20}{'cosine':>9}{'norm ratio':>12}"]
    for stage, parameters in compared.items():
        for name, figures in parameters.items():
            text.append(f"{stage:34}{name:>20}{show(figures['cosine']):>9}{show(figures['norm_ratio']):>12}")
    return "\n".join(text)


def run(config: Config) -> dict[str, Any]:
    """Train, measure, record, draw.

    Returns:
        The record that was written last: of the training, or of the comparison if there were two.

    Raises:
        ValueError: for an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
    """
    check(config)
    splits = load(config.dataset, config.data_dir, config.validation_speakers)
    prepare(config.out, _RECORDS)
    data = splits.train
    network = network_of(config, data)
    trainers = worlds(config, network)
    exact = trainers["eventprop"]
    print(
        f"data set {data.name}: {len(data)} training, {len(splits.validation or ())} validation (held-out speakers), "
        f"{len(splits.test)} test samples; {data.spikes_per_sample.mean():.0f} input spikes a sample"
    )
    written, results = {}, {}
    settings = records.recorded(config) | {"samples": [len(part or ()) for part in splits]}
    describe: dict[str, Any] = dict(
        preset=config.preset, dataset=data.name, hidden=sum(config.hidden), seed=config.train.seed
    )
    name = f"{config.preset or data.name + '-' + 'x'.join(map(str, config.hidden))}-seed{config.train.seed}"
    for method in config.methods:
        trainer, other = trainers[method], trainers.get("bptt" if method == "eventprop" else "eventprop")
        checkpoint = config.out / "checkpoints" / f"{method}-{name}.npz"
        results[method] = result = trainer.fit(splits, checkpoint=checkpoint, resume=config.resume)
        if result.status != "ok":
            print(f"{method} ended early: {result.reason}", file=sys.stderr)
            print(f"the state after epoch {result.epochs} is kept in {checkpoint}, see --resume", file=sys.stderr)
        # A time for each step of a long training would be most of its record.
        curves = {name: values for name, values in result.history.items() if name != "step_s"}
        written[method] = record = records.make_record(
            "train", method=method, status=result.status, reason=result.reason, config=settings,
            metrics=measure(trainer, other, result, splits), samples=curves, **describe,
        )  # fmt: skip
        records.append(record, config.out / _RECORDS)
        draw_raster(exact, result.params, splits.test, _figure(config, "raster", method, name))
        if "tau_mem_quantiles" in result.history:
            plots.save(recipe_plots.constants(record), _figure(config, "constants", method, name))
        if result.status == "interrupted":
            break
    plots.save(plots.learning_curves(list(written.values())), _figure(config, "curves", config.method, name))
    print(table({method: record["metrics"] for method, record in written.items()}))
    if any(record["status"] != "ok" for record in written.values()) or len(written) < 2:
        return next((record for record in written.values() if record["status"] != "ok"), record)
    stages = {"before": exact.init()} | {f"after_{m}": r.params for m, r in results.items()}
    compared = {stage: compare_gradients(trainers, params, data) for stage, params in stages.items()}
    print(agreement_table(compared))
    metrics = {method: record["metrics"] for method, record in written.items()}
    record = records.make_record(
        "train", method="both", status="ok", config=settings, metrics=metrics | {"agreement": compared}, samples={},
        **describe,
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(plots.gradient_agreement(record), _figure(config, "agreement", "both", name))
    return record


def _figure(config: Config, kind: str, method: str, name: str) -> Path:
    return config.out / "figures" / f"{kind}-{method}-{name}.png"


def named_preset(arguments: Sequence[str]) -> str | None:
    """The preset that the options name; None also for an unknown one, which the parser of all options refuses."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset", choices=PRESETS)
    try:
        return parser.parse_known_args(arguments)[0].preset
    except argparse.ArgumentError:
        return None


def main() -> int:
    """The command line; returns the exit status."""
    default = of_preset(named_preset(sys.argv[1:]))
    return run_command("gradlab.bench", Config, run, _RECORDS, default=default)


if __name__ == "__main__":
    sys.exit(main())
