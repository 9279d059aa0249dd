"""How the memory of a gradient grows, EventProp against BPTT: ``python -m benchmarks.memory_scaling``.

One size at a time is changed: duration of the recording (with the same spikes: what is added is silence), step of the
grid, hidden neurons, samples in a batch, firing rate. Methods: ``eventprop``; ``bptt_scan``, textbook BPTT
(``solvers.reference.bptt_scan``); ``bptt`` (``solvers.bptt``, which keeps voltages only) and ``bptt_checkpointed``.

Four kinds of figures, each under its own name (see ``gradlab.memory``), all with EventProp's spike buffers at their
full capacity, padding included, beside the true number of spikes:

- ``residual_bytes``: what reverse mode keeps between the passes;
- ``h100_*_bytes``: what XLA allocates on an NVIDIA H100, read from the program compiled for it (EventProp: engine
  ``xla``), not run; needs the installation ``gradlab[gpu-compile]``;
- ``local_*_bytes``: the same on this machine (EventProp: its own engine; scratch of the numba kernels is not in it);
- ``process_*_bytes``: peak resident memory of a process that does nothing else, above its start too, and the device's
  peak where there is a GPU.

Bytes of the input (events; counts on the grid for ``bptt_scan``) are apart: plots and ratios leave them out.
"""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jax
from tqdm import tqdm

from gradlab import memory, records
from gradlab.command import prepare, run_command
from gradlab.convergence import fitted_order
from gradlab.memory import scaling_plots
from gradlab.plots import METHOD_LABELS, save
from solvers.eventprop import engine_name

from .memory_problems import METHODS, Activity, Size, activity, problem, shapes

_RECORDS = "memory_scaling.jsonl"
SWEEPS: dict[str, tuple[float, ...]] = {  # factors on the configured size
    "duration": (1, 2, 4, 8),
    "dt": (1, 1 / 2, 1 / 4, 1 / 8),
    "hidden": (1 / 4, 1 / 2, 1, 2),
    "batch_size": (1 / 4, 1, 4, 16),
    "hidden_rate": (1 / 2, 1, 2, 4),
}
_COMPARED_AT = 256  # samples, for ratios and limits
_CLOSE = 0.01  # of the memory of the card: when a limit is found
_TRIES = 8


@dataclass(frozen=True)
class Config:
    """How the memory of a gradient grows with the size of the problem, for each method.

    Attributes:
        hidden: recurrent neurons, where they are not swept; likewise the following.
        batch_size: samples.
        duration: of a recording [s].
        dt: step of the time grid, for BPTT [s].
        hidden_rate: that the hidden neurons are tuned to [Hz].
        processes: sweeps that are also measured on this machine, each point and method in a process of its own.
        h100: compile for an H100 too.
        points: of each sweep, at most.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    hidden: int = 256
    batch_size: int = 32
    duration: float = 1.4
    dt: float = 1e-3
    hidden_rate: float = 10.0
    processes: tuple[Literal["duration", "dt", "hidden", "batch_size", "hidden_rate"], ...] = ("duration",)
    h100: bool = True
    points: int = 4
    out: Path = Path("results")
    json: bool = False

    def __post_init__(self):
        """Refuse what gives no slope."""
        if self.points < 2:
            raise ValueError(f"points is {self.points}, expected at least 2: a slope needs them")

    @property
    def base(self) -> Size:
        """The size around which is swept."""
        return Size(self.hidden, self.batch_size, self.duration, self.duration, self.dt, self.hidden_rate)


@cache
def h100_allocation(method: str, size: Size, input_capacity: int, capacity: int) -> tuple[memory.Allocation, int]:
    """What the gradient takes on an H100, and how much of it is its input [bytes]."""
    made = problem(method, size, *shapes(size, input_capacity), capacity, "xla")
    return memory.allocation(jax.grad(made.function), *made.arguments, h100=True), made.input_bytes


def measure(method: str, size: Size, active: Activity, *, h100: bool, processes: bool) -> dict[str, Any]:
    """All figures of one method at one size; None where it is not measured."""
    made = problem(method, size, *shapes(size, active.input_capacity), active.capacity, "auto")
    point: dict[str, Any] = {
        "method": method,
        "residual_bytes": memory.residual_bytes(made.function, *made.arguments),
        "input_bytes": made.input_bytes,
        "input_spikes_per_sample": active.input_spikes,
        "hidden_spikes_per_sample": active.hidden_spikes,
        "event_capacity": active.capacity if method == "eventprop" else None,
    }
    parts = [f"{name}_bytes" for name in memory.Allocation._fields]
    on_card = h100_allocation(method, size, active.input_capacity, active.capacity)[0] if h100 else [None] * 3
    point |= {f"h100_{name}": value for name, value in zip(parts, on_card, strict=True)}
    here = memory.allocation(jax.grad(made.function), *made.arguments) if processes else [None] * 3
    point |= {f"local_{name}": value for name, value in zip(parts, here, strict=True)}
    settings = dict(method=method, capacity=active.capacity, engine="auto", **dataclasses.asdict(size))
    peak: Any = [None] * 3
    if processes:
        peak = memory.peak_in_fresh_process("benchmarks.memory_problems:gradient_of", settings)
    return point | {f"process_{name}_bytes": x for name, x in zip(memory.ProcessPeak._fields, peak, strict=True)}


def without_input(point: dict[str, Any]) -> float | None:
    """Allocation on the H100 apart from the input [bytes]."""
    parts = [point[f"h100_{name}_bytes"] for name in memory.Allocation._fields]
    return None if None in parts else sum(parts) - point["input_bytes"]


def largest_that_fits(bytes_at: Callable[[float], int], first: float, whole: bool) -> float:
    """Size at which the memory of an H100 is full, to a percent; the last that was found to fit.

    Args:
        bytes_at: allocation by size; grows with it.
        first: a size that fits.
        whole: whether sizes are whole numbers.
    """
    known = [(first, bytes_at(first)), (2 * first, bytes_at(2 * first))]
    for _ in range(_TRIES):
        (x0, y0), (x1, y1) = known[-2:]
        guess = x1 + (memory.H100_BYTES * (1 - _CLOSE / 2) - y1) * (x1 - x0) / (y1 - y0)
        guess = float(int(guess)) if whole else guess
        known.append((guess, bytes_at(guess)))
        if 1 - _CLOSE <= known[-1][1] / memory.H100_BYTES <= 1:
            break
    return max(x for x, y in known if y <= memory.H100_BYTES)


def limits(method: str, config: Config, active: Activity) -> dict[str, float]:
    """Largest batch, and longest recording in a batch of 256, whose gradient fits an H100 with its input."""

    def by_batch(samples: float) -> int:
        size = replace(config.base, batch_size=int(samples))
        return h100_allocation(method, size, active.input_capacity, active.capacity)[0].total

    def by_duration(duration: float) -> int:
        longer = duration / config.duration  # so many more spikes
        size = replace(config.base, batch_size=_COMPARED_AT, duration=duration)
        room = int(longer * active.input_capacity), int(longer * active.capacity)
        return h100_allocation(method, size, *room)[0].total

    return {
        f"h100_largest_batch_{method}": largest_that_fits(by_batch, _COMPARED_AT, whole=True),
        f"h100_longest_recording_{method}_s": largest_that_fits(by_duration, config.duration, whole=False),
    }


def sweep(config: Config) -> list[dict[str, Any]]:
    """The points of all sweeps."""
    todo = [(name, factor) for name, factors in SWEEPS.items() for factor in factors[: config.points]]
    points = []
    for name, factor in tqdm(todo, "memory", file=sys.stderr):
        usual = getattr(config.base, name)
        value = type(usual)(factor * usual)
        size = replace(config.base, **{name: value})
        active = activity(size)
        for method in METHODS:
            figures = measure(method, size, active, h100=config.h100, processes=name in config.processes)
            points.append({"sweep": name, "value": value, **figures})
    return points


def slopes(points: list[dict[str, Any]]) -> dict[str, float]:
    """Exponents with which the memory grows: residuals, and the allocation on the H100 if it is known."""
    result = {}
    for name in SWEEPS:
        for method in METHODS:
            line = [p for p in points if p["sweep"] == name and p["method"] == method]
            values = [p["value"] for p in line]
            result[f"slope_residual_{name}_{method}"] = fitted_order(values, [p["residual_bytes"] for p in line])
            on_card = [x for x in map(without_input, line) if x is not None]
            if on_card:
                result[f"slope_h100_{name}_{method}"] = fitted_order(values, on_card)
    return result


def compare(config: Config) -> dict[str, Any]:
    """Allocation on an H100 in batches of 256, its ratios, and what fits."""
    size = replace(config.base, batch_size=_COMPARED_AT)
    active = activity(size)
    points = {method: measure(method, size, active, h100=True, processes=False) for method in METHODS}
    bytes_of: dict[str, Any] = {method: without_input(point) for method, point in points.items()}
    metrics: dict[str, Any] = {f"h100_{method}_bytes": size for method, size in bytes_of.items()}
    metrics |= {
        "h100_bptt_over_eventprop": bytes_of["bptt_scan"] / bytes_of["eventprop"],
        "h100_checkpointed_over_eventprop": bytes_of["bptt_checkpointed"] / bytes_of["eventprop"],
        "compared_batch": _COMPARED_AT,
        "hidden_spikes_per_sample": active.hidden_spikes,
        "event_capacity": active.capacity,
    }
    for method in METHODS:
        metrics |= limits(method, config, active)
    return metrics


def table(metrics: dict[str, Any]) -> str:
    """The figures as text."""
    show = lambda name, form: form.format(metrics[name]) if metrics.get(name) is not None else "-"  # noqa: E731
    lines = [f"{'slope of memory against':24}" + "".join(f"{METHOD_LABELS[method]:>24}" for method in METHODS)]
    for kind in ("residual", "h100"):
        for name in SWEEPS:
            cells = (show(f"slope_{kind}_{name}_{method}", "{:.2f}") for method in METHODS)
            lines.append(f"{name + ', ' + kind:24}" + "".join(f"{cell:>24}" for cell in cells))
    rows = {
        f"H100, batch {_COMPARED_AT} [MB]": ("h100_{}_bytes", 1e-6, "{:.1f}"),
        "H100, largest batch": ("h100_largest_batch_{}", 1, "{:.0f}"),
        f"H100, longest at {_COMPARED_AT} [s]": ("h100_longest_recording_{}_s", 1, "{:.1f}"),
    }
    for label, (key, unit, form) in rows.items():
        found = [metrics.get(key.format(method)) for method in METHODS]
        lines.append(f"{label:24}" + "".join(f"{'-' if x is None else form.format(unit * x):>24}" for x in found))
    return "\n".join(lines)


def run(config: Config) -> dict[str, Any]:
    """Measure, print, record, draw; returns the record.

    Raises:
        ValueError: for an impossible configuration, or if XLA's compiler for the H100 is missing.
        OSError: for a folder that cannot be written to.
    """
    prepare(config.out, _RECORDS)
    if config.h100:
        memory.require_h100_compiler()
    metrics = compare(config) if config.h100 else {}
    points = sweep(config)
    metrics |= slopes(points) | {"local_engine": engine_name("auto")}
    print(table(metrics))
    record = records.make_record(
        "memory_scaling", preset=None, method="all", dataset="poisson", hidden=config.hidden, seed=0, status="ok",
        config=records.recorded(config), metrics=metrics, samples={"points": points},
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    save(scaling_plots.memory_scaling(record), config.out / "figures" / "memory_scaling.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("benchmarks.memory_scaling", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
