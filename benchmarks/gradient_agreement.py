"""How far is the surrogate from the exact gradient, and does it matter? ``python -m benchmarks.gradient_agreement``.

At initialisation, on real data: cosine and length of the surrogate gradient against EventProp's at the same weights and
samples, over the surrogate, the step of the grid and the network; noise of both apart from bias; the loss along both.
On a small network: integrals of both gradient fields along closed loops in weight space.
"""

import sys
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np

from gradlab import Network, TrainConfig, agreement_plots, plots, records
from gradlab.command import prepare, run_command
from gradlab.data import load

from . import agreement_parts as parts
from .settings import DataSettings

_RECORDS = "gradient_agreement.jsonl"
Part = Literal["surrogates", "steps", "networks", "noise", "usefulness", "training", "loops"]
ALL: tuple[Part, ...] = ("surrogates", "steps", "networks", "noise", "usefulness", "training", "loops")


@dataclass(frozen=True)
class Config(DataSettings):
    """Agreement of surrogate gradients with exact ones, and what each is good for.

    Attributes:
        parts: what to measure; surrogates (shape, slope, scale, reset), steps (of the grid), networks (recurrence,
            rate, initialisation, depth, duration), noise (between batches), usefulness (loss along both), training,
            loops.
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
        radii: of loops in weight space.
        loops: for each radius.
        loop_slopes: of SuperSpike.
        loop_points: at which the surrogate's loop integral is summed.
        seed: of weights, samples and loops.
    """

    parts: tuple[Part, ...] = ALL
    hidden: int = 128
    duration: float = 1.0
    samples: int = 16
    slopes: tuple[float, ...] = (1.0, 10.0, 100.0)
    shapes: tuple[str, ...] = ("sigmoid", "triangle", "gaussian", "arctan", "boxcar")
    scales: tuple[float, ...] = (0.3,)
    steps: tuple[float, ...] = (1e-3, 0.5e-3, 0.25e-3, 0.125e-3)
    recurrences: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)
    drives: tuple[float, ...] = (0.75, 1.0, 1.5, 2.0)
    depths: tuple[int, ...] = (1, 2)
    durations: tuple[float, ...] = (0.25, 1.0)
    batches: int = 8
    lengths: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0)
    epochs: int = 12
    train_samples: int = 4096
    radii: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1)
    loops: int = 3
    loop_slopes: tuple[float, ...] = (10.0, 1.0, 100.0)
    loop_points: int = 512
    seed: int = 0

    def __post_init__(self):
        """Refuse impossible settings that no one else looks at."""
        for name in ("samples", "batches", "loops", "loop_points"):
            if getattr(self, name) < 1 + (name == "batches"):
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least {1 + (name == 'batches')}")
        for name in ("parts", "slopes", "steps", "lengths", "radii", "loop_slopes"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty, expected at least one entry")


def measure(config: Config) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Metrics, rows by part, and the name of the data.

    Raises:
        ValueError: for impossible settings or damaged data.
        OSError: for data that are not there.
    """
    metrics: dict[str, Any] = dict.fromkeys(
        ("cosine_w_in", "cosine_w_rec", "loop_integral_eventprop", "loop_jump_residual")
    )
    samples: dict[str, Any] = {}
    dataset = "random"
    if set(config.parts) - {"loops"}:
        data = load(config.dataset, config.data_dir).train
        dataset = data.name
        network = Network(data.inputs, (config.hidden,), data.classes, duration=config.duration)
        bench = parts.Bench(network, data, config.samples, config.seed)
        usual = bench.compare(bench.params)
        for name in ("w_in", "w_rec"):
            metrics[f"cosine_{name}"] = usual["parameters"][f"layers[0].{name}"]["cosine"]
        measures = {
            "surrogates": lambda: parts.surrogates(bench, config.slopes, config.shapes, config.scales),
            "steps": lambda: parts.steps(bench, config.steps, config.shapes),
            "networks": lambda: list(
                parts.networks(bench, config.recurrences, config.drives, config.depths, config.durations)
            ),
            "noise": lambda: parts.noise(bench, config.batches),
            "training": lambda: parts.training(
                bench,
                TrainConfig(epochs=config.epochs, seed=config.seed),
                config.train_samples,
                config.batches,
                config.steps,
            ),
            "usefulness": lambda: parts.usefulness(bench, max(config.batches // 2, 1), config.lengths),
        }
        samples |= {name: measure() for name, measure in measures.items() if name in config.parts}
    if "loops" in config.parts:
        jax.config.update("jax_enable_x64", True)
        try:
            found = parts.loops(config.radii, config.loops, config.loop_slopes, config.loop_points, config.seed)
        finally:
            jax.config.update("jax_enable_x64", False)
        samples["loops"] = found.rows
        smooth = [abs(loop.integral) for loop in found.eventprop if not loop.jumps.size]
        metrics["loop_integral_eventprop"] = max(smooth, default=None)
        metrics["loop_jump_residual"] = max(
            (loop.residual for loop in found.eventprop if loop.jumps.size), default=None
        )
        metrics |= {"loops_smooth": len(smooth), "loops_with_jumps": len(found.eventprop) - len(smooth)}
    if "usefulness" in samples:
        metrics |= _use(samples["usefulness"], len(config.lengths) // 2)
    if "training" in samples:
        metrics |= _uphill(samples["training"]["rows"])
    return metrics, samples, dataset


def _use(rows: parts.Rows, middle: int) -> dict[str, Any]:
    """Means over batches of the change of the loss in a step of the middle length, along each gradient."""
    result: dict[str, Any] = {}
    for method in ("eventprop", "bptt"):
        own = [row for row in rows if row["method"] == method]
        for place in ("same", "held out"):
            changes = [row["curves"][place][middle] for row in own]
            result[f"loss_change_{place.replace(' ', '_')}_{method}"] = float(np.mean(changes))
        result[f"loss_change_unseen_{method}"] = float(np.mean([row["change"] - row["seen"] for row in own]))
        result[f"spike_counts_changed_{method}"] = float(np.mean([row["changed"] for row in own]))
    return result


def _uphill(rows: parts.Rows) -> dict[str, float]:
    """Share of batches along each training on which the surrogate gradient of a hidden weight matrix points uphill."""
    result = {}
    for method in ("eventprop", "bptt"):
        hidden = [
            values["uphill"] for row in rows if row["method"] == method
            for name, values in row["parameters"].items() if name.startswith("layers")
        ]  # fmt: skip
        if hidden:
            result[f"uphill_training_{method}"] = float(np.mean(hidden))
    return result


def table(metrics: dict[str, Any]) -> str:
    """The figures as text."""
    show = lambda value: "-" if value is None else f"{value:.3g}"  # noqa: E731
    return "\n".join(f"{name:32}{show(value):>12}" for name, value in metrics.items())


def run(config: Config) -> dict[str, Any]:
    """Measure, print, record, draw; returns the record.

    Raises:
        ValueError: as ``measure``.
        OSError: as ``measure``; for a folder that cannot be written to.
    """
    prepare(config.out, _RECORDS)
    metrics, samples, dataset = measure(config)
    print(table(metrics))
    record = records.make_record(
        "gradient_agreement", preset=None, method="both", dataset=dataset, hidden=config.hidden, seed=config.seed,
        status="ok", config=records.recorded(config), metrics=metrics, samples=samples,
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    for part in config.parts:
        plots.save(agreement_plots.FIGURES[part](record), config.out / "figures" / f"agreement-{part}.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("benchmarks.gradient_agreement", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
