"""The sweeps: one call of ``benchmarks.speed`` for each point, and the exponents with which times grow."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gradlab.command import RUNS, Outcome, Unfinished
from gradlab.measuring.convergence import fitted_order
from gradlab.methods import METHODS
from solvers.fields import Count, check_fields

from ..speed.config import Config as SpeedConfig

SWEEPS: dict[str, tuple[Any, ...]] = {
    "hidden": (128, 256, 512, 1024),
    "duration": (0.5, 1.0, 2.0),
    "input_rate": (5.7, 11.4, 22.8),
    "hidden_rate": (5.0, 10.0, 20.0),
    "batch_size": (8, 32, 128),
    "dt": (0.25e-3, 0.5e-3, 1e-3),  # the delay is a whole number of steps
    "longest_delay": (25e-3, 50e-3, 100e-3, 150e-3),
    "cores": ("one", "all"),
}
#: What is timed: as ``benchmarks.speed`` names it.
TIMED = (
    *METHODS, "bptt_checkpointed", "eventprop_per_neuron", "eventprop_axonal_delays", "eventprop_synaptic_delays",
    "limit",
)  # fmt: skip
RATIOS = (
    "eventprop_over_bptt", "eventprop_over_limit", "per_neuron_over_shared", "axonal_delays_over_none",
    "synaptic_delays_over_none",
)  # fmt: skip
_KEPT = (*RATIOS, "input_spikes_per_sample", "hidden_spikes_per_sample")
Point = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """How the time of a gradient grows with the size of the problem.

    Attributes:
        sweeps: settings of benchmarks.speed that are changed, one at a time.
        repeats: timed calls of each method at each point.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    sweeps: tuple[str, ...] = tuple(SWEEPS)
    repeats: Count = 7
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
        unknown = sorted(set(self.sweeps) - set(SWEEPS))
        if unknown or not self.sweeps:
            raise ValueError(f"sweeps are {self.sweeps}, expected some of {', '.join(SWEEPS)}")


def measure(config: Config) -> Outcome:
    """All points and the exponents.

    Raises:
        Unfinished: if a point cannot be measured, or after Ctrl-C; with the points before it.
    """
    points: list[Point] = []
    shared: dict[str, Any] = dict(method="all", dataset="poisson", hidden=SpeedConfig().hidden, seed=SpeedConfig().seed)
    try:
        sweep(config, points)
    except (ValueError, KeyboardInterrupt) as error:  # half an hour's work is not lost
        reason = str(error) or "stopped by the user"
        raise Unfinished(
            Outcome({}, {"points": points}, status="interrupted", reason=reason, **shared), error
        ) from None
    return Outcome(summarise(points), {"points": points}, **shared)


def sweep(config: Config, points: list[Point]) -> None:
    """Append the points of all sweeps; the usual size, which occurs in each, is measured once.

    Raises:
        ValueError: if a point cannot be measured; those before it are there.
    """
    usual = {name: getattr(SpeedConfig(), name) for name in SWEEPS}
    todo = [(name, value) for name in config.sweeps for value in SWEEPS[name]]
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, value in tqdm(todo, "speed", file=sys.stderr):
        settings = usual | {name: value}
        key = tuple(settings.values())
        if key not in known:
            known[key] = measured_apart(settings | {"repeats": config.repeats})
        found = known[key]
        times = {f"{line}_s": found[f"{line}_step_s"] for line in TIMED}
        points.append({"sweep": name, "value": value, **times, **{kept: found[kept] for kept in _KEPT}})


def measured_apart(settings: dict[str, Any]) -> dict[str, Any]:
    """Metrics of ``benchmarks.speed`` in a fresh process.

    Raises:
        ValueError: if it fails; with its last words.
    """
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.speed", "--json", f"--out={folder}", *options]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"benchmarks.speed {' '.join(options)} failed: {done.stderr.strip()[-500:]}")
    metrics: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["metrics"]
    return metrics


def summarise(points: list[Point]) -> dict[str, Any]:
    """Exponents with which times grow, their ratios at every point, and how much all cores gain."""
    metrics: dict[str, Any] = {}
    for name in dict.fromkeys(p["sweep"] for p in points):
        line = [p for p in points if p["sweep"] == name]
        values = [p["value"] for p in line]
        if name == "cores":
            for method in METHODS:
                one, every = (next(p[f"{method}_s"] for p in line if p["value"] == cores) for cores in SWEEPS["cores"])
                metrics[f"all_cores_speedup_{method}"] = one / every
        else:
            for timed in TIMED:
                metrics[f"exponent_{name}_{timed}"] = fitted_order(values, [p[f"{timed}_s"] for p in line])
        metrics |= {f"{ratio}_{name}_{v}": p[ratio] for ratio in RATIOS for v, p in zip(values, line, strict=True)}
    return metrics
