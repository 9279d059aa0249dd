"""All parts of the comparison of gradients."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import numpy as np
from annotated_types import Interval, MinLen

from gradlab import configuration
from gradlab.command import Outcome, Unfinished
from gradlab.data import DATASETS, DataSet, chosen_dataset, load
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig
from solvers.fields import LARGEST, Count, NotNegative, Positive, Positives, Seed
from solvers.surrogates import SurrogateName

from ..data_settings import DataSettings
from . import at_start
from .along_training import training
from .circulations import Circulations, circulations
from .problem import EXACT, SMOOTH, USUAL, Problem, Rows
from .variance import CONTINUOUS, variance

Part = Literal[
    "surrogates", "methods", "steps", "networks", "noise", "usefulness", "training", "variance", "loops"
]  # fmt: skip
ALL: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Config(DataSettings):
    """Agreement of surrogate gradients with exact ones, and what each is good for.

    Attributes:
        parts: what to measure; surrogates (shape, slope, scale, reset), methods (every one), steps (of the grid),
            networks (recurrence, rate, initialisation, depth, duration), noise (between batches), usefulness (loss
            along each), training, variance (of changes of the loss, explained by each), loops.
        hidden: recurrent neurons.
        duration: of a trial [s].
        samples: in a batch.
        slopes: of SuperSpike, each with and without a gradient through the reset.
        shapes: further surrogates, of slope 10; also as the step of the grid goes to zero.
        scales: further peaks of SuperSpike of slope 10.
        steps: of the grid [s].
        recurrences: by which the recurrent weights are multiplied.
        drives: by which the input weights are multiplied.
        depths: numbers of hidden layers.
        durations: of a trial [s].
        batches: for the noise and along the training; half of them for the usefulness, which the others judge.
        lengths: of steps in weight space.
        epochs: of a training with each method.
        train_samples: that it is done with.
        directions: random ones in weight space, for the variance.
        radii: of loops in weight space.
        loops: for each radius.
        loop_slopes: of SuperSpike.
        loop_points: at which the surrogate's work along a loop is summed.
        seed: of weights, samples and loops.
    """

    parts: Annotated[tuple[Part, ...], MinLen(1)] = ALL
    hidden: Count = 128
    duration: Positive = 1.0
    samples: Count = 16
    slopes: Positives = (1.0, 10.0, 100.0)
    shapes: tuple[SurrogateName, ...] = ("sigmoid", "triangle", "gaussian", "arctan", "boxcar")
    scales: tuple[NotNegative, ...] = (0.3,)
    steps: Positives = (1e-3, 0.5e-3, 0.25e-3, 0.125e-3)
    recurrences: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)
    drives: tuple[float, ...] = (0.75, 1.0, 1.5, 2.0)
    depths: tuple[Count, ...] = (1, 2)
    durations: tuple[Positive, ...] = (0.25, 1.0)
    batches: Annotated[int, Interval(ge=2, le=LARGEST)] = 8
    lengths: Positives = (0.03, 0.1, 0.3, 1.0, 3.0)
    epochs: Count = 12
    train_samples: Count = 4096
    directions: Count = 40
    radii: Positives = (0.003, 0.01, 0.03, 0.1)
    loops: Count = 3
    loop_slopes: Positives = (10.0, 1.0, 100.0)
    loop_points: Count = 512
    seed: Seed = 0


def measure(config: Config) -> Outcome:
    """All parts that are asked for.

    Raises:
        ValueError: for impossible settings or damaged data.
        OSError: for data that are not there.
        Unfinished: if a part fails, or after Ctrl-C; with the parts before it.
    """
    metrics: dict[str, Any] = dict.fromkeys(
        ("cosine_w_in", "cosine_w_rec", "circulation_eventprop", "circulation_jump_residual")
    )
    dataset, parts = "random", dict[str, Callable[[], Any]](loops=lambda: _loops(config))
    if set(config.parts) - {"loops"}:
        suited = DATASETS[chosen_dataset(config.dataset, config.data_dir)]
        problem = problem_of(config, suited)
        dataset = problem.data.name
        train = TrainConfig(**{**suited.training, "epochs": config.epochs, "seed": config.seed})
        usual = problem.compare(problem.params)
        for name in ("w_in", "w_rec"):
            metrics[f"cosine_{name}"] = usual["parameters"][f"layers.0.{name}"]["cosine"]
        parts = _on_data(config, problem, train) | parts
    found: dict[str, Any] = {}

    def outcome(status: str = "ok", reason: str | None = None) -> Outcome:
        samples = {name: each.rows if name == "loops" else each for name, each in found.items()}
        return Outcome(
            metrics | _summary(found, config.lengths), samples, method=configuration.BOTH, dataset=dataset,
            hidden=config.hidden, seed=config.seed, status=status, reason=reason,
        )  # fmt: skip

    try:
        for name in [name for name in parts if name in config.parts]:
            found[name] = parts[name]()
    except (ValueError, KeyboardInterrupt) as error:  # an hour's work is not lost
        if not found:
            raise
        raise Unfinished(outcome("interrupted", str(error) or "stopped by the user"), error) from None
    return outcome()


def _summary(found: Mapping[str, Any], lengths: Sequence[float]) -> dict[str, Any]:
    """Single figures of the parts that there are."""
    metrics: dict[str, Any] = {}
    if "loops" in found:
        smooth = [abs(each.integral) for each in found["loops"].exact if not each.jumps.size]
        residuals = [each.residual for each in found["loops"].exact if each.jumps.size]
        metrics["circulation_eventprop"] = max(smooth, default=None)
        metrics["circulation_jump_residual"] = max(residuals, default=None)
        metrics |= {"loops_smooth": len(smooth), "loops_with_jumps": len(residuals)}
    if "methods" in found:
        metrics |= {
            f"cosine_{name}_{row['method']}": row["parameters"].get(f"layers.0.{name}", {}).get("cosine")
            for row in found["methods"] for name in ("w_in", "w_rec")
        }  # fmt: skip
    if "usefulness" in found:
        metrics |= _use(found["usefulness"], len(lengths) // 2)
    if "variance" in found:
        metrics |= _explained(found["variance"], lengths[len(lengths) // 2])
    if "training" in found:
        metrics |= _uphill(found["training"]["rows"])
    return metrics


def _loops(config: Config) -> Circulations:
    return circulations(config.radii, config.loops, config.loop_slopes, config.loop_points, config.seed)


def problem_of(config: Config, suited: DataSet) -> Problem:
    """The network with what suits the data, but for the settings of this benchmark."""
    data = load(config.dataset, config.data_dir).train
    chosen: dict[str, Any] = {"hidden": (config.hidden,), "duration": config.duration}
    network = Network(data.inputs, data.classes, **{**suited.network, **chosen})
    return Problem(network, data, config.samples, config.seed)


def _on_data(config: Config, problem: Problem, train: TrainConfig) -> dict[str, Callable[[], Any]]:
    """What measures each part that needs data."""
    return {
        "surrogates": lambda: at_start.surrogates(problem, config.slopes, config.shapes, config.scales),
        "methods": lambda: at_start.methods(problem),
        "steps": lambda: at_start.steps(problem, config.steps, config.shapes),
        "networks": lambda: at_start.networks(
            problem, config.recurrences, config.drives, config.depths, config.durations
        ),
        "noise": lambda: at_start.noise(problem, config.batches),
        "training": lambda: training(problem, train, config.train_samples, config.batches, config.steps),
        "variance": lambda: variance(
            problem, _stages(problem, train, config), config.batches, config.directions, config.lengths
        ),
        "usefulness": lambda: at_start.usefulness(problem, max(config.batches // 2, 1), config.lengths),
    }


def _stages(problem: Problem, train: TrainConfig, config: Config) -> dict[str, NetworkParams]:
    """Weights at the start, half-way and at the end of a training with exact gradients."""
    points = problem.way(EXACT, train, config.train_samples).points
    return {f"after {k} epochs": points[k] for k in (0, len(points) // 2, len(points) - 1)}


def _explained(rows: Rows, length: float) -> dict[str, float]:
    """At the end of the training, of changes of the middle length in continuous time, with the usual half-width."""
    last = [row for row in rows if row["point"] == rows[-1]["point"] and row["length"] == length]
    names = {EXACT.name: "exact", SMOOTH.name: "smooth", USUAL.method.name: "surrogate"}
    usual = (None, SMOOTH.smoothing.half_width)
    return {
        f"explained_variance_{names[row['method']]}": row["explained"]
        for row in last if row["simulator"] == CONTINUOUS and row["half_width"] in usual
    }  # fmt: skip


def _by_method(rows: Rows) -> dict[str, Rows]:
    """The rows of each method."""
    return {name: [row for row in rows if row["method"] == name] for name in dict.fromkeys(r["method"] for r in rows)}


def _use(rows: Rows, middle: int) -> dict[str, Any]:
    """Means over batches of the change of the loss in a step of the middle length, along each gradient."""
    result: dict[str, Any] = {}
    for method, own in _by_method(rows).items():
        for place in ("same", "held out"):
            changes = [row["curves"][place][middle] for row in own]
            result[f"loss_change_{place.replace(' ', '_')}_{method}"] = float(np.mean(changes))
        result[f"loss_change_unseen_{method}"] = float(np.mean([row["change"] - row["seen"] for row in own]))
        result[f"spike_counts_changed_{method}"] = float(np.mean([row["changed"] for row in own]))
    return result


def _uphill(rows: Rows) -> dict[str, float]:
    """Share of batches along each training on which the surrogate gradient of a hidden weight matrix points uphill."""
    result = {}
    for method, own in _by_method(rows).items():
        leaves = [leaf for row in own for leaf in row["parameters"].items()]
        hidden = [values["uphill"] for name, values in leaves if name.startswith("layers")]
        if hidden:
            result[f"uphill_training_{method}"] = float(np.mean(hidden))
    return result
