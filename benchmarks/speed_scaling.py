"""How the time of a gradient grows, EventProp against BPTT and the limit: ``python -m benchmarks.speed_scaling``.

One setting of ``benchmarks.speed`` at a time is changed, each point measured by that command in a fresh process, one
after the other; a point has all methods, so that ratios are of one run. Takes about half an hour.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator
from tqdm import tqdm

from gradlab import plots, records
from gradlab.command import prepare, run_command
from gradlab.convergence import fitted_order

from .speed import Config as SpeedConfig

_RECORDS = "speed_scaling.jsonl"
SWEEPS: dict[str, tuple[Any, ...]] = {
    "hidden": (128, 256, 512, 1024),
    "duration": (0.5, 1.0, 2.0),
    "input_rate": (5.7, 11.4, 22.8),
    "hidden_rate": (5.0, 10.0, 20.0),
    "batch_size": (8, 32, 128),
    "dt": (0.25e-3, 0.5e-3, 1e-3),  # the delay is a whole number of steps
    "cores": ("one", "all"),
}
_COLOURS = {name: plots.METHOD_COLOURS[name] for name in ("eventprop", "bptt", "bptt_checkpointed")} | {
    "eventprop_per_neuron": "#56B4E9",
    "limit": "#999999",
}
_LABELS = plots.METHOD_LABELS | {"eventprop_per_neuron": "EventProp, constants per neuron", "limit": "limit"}
_RATIOS = ("eventprop_over_bptt", "eventprop_over_limit", "per_neuron_over_shared")
_UNITS = {"duration": " [s]", "input_rate": " [Hz]", "hidden_rate": " [Hz]", "dt": " [s]"}


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
    repeats: int = 7
    out: Path = Path("results")
    json: bool = False

    def __post_init__(self):
        """Refuse impossible settings that no one else looks at."""
        unknown = sorted(set(self.sweeps) - set(SWEEPS))
        if unknown or not self.sweeps:
            raise ValueError(f"sweeps are {self.sweeps}, expected some of {', '.join(SWEEPS)}")


def measure(settings: dict[str, Any]) -> dict[str, Any]:
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
    return json.loads(done.stdout.splitlines()[-1])["metrics"]


def sweep(config: Config, points: list[dict[str, Any]]) -> None:
    """Append the points of all sweeps; the usual size, which occurs in each, is measured once.

    Raises:
        ValueError: if a point cannot be measured; those before it are there.
    """
    usual = {name: getattr(SpeedConfig(), name) for name in SWEEPS}
    todo = [(name, value) for name in config.sweeps for value in SWEEPS[name]]
    known: dict[tuple, dict[str, Any]] = {}
    for name, value in tqdm(todo, "speed", file=sys.stderr):
        settings = usual | {name: value}
        key = tuple(settings.values())
        if key not in known:
            known[key] = measure(settings | {"repeats": config.repeats})
        times = {f"{line}_s": known[key][f"{line}_step_s"] for line in _COLOURS}
        kept = {key_: known[key][key_] for key_ in (*_RATIOS, "input_spikes_per_sample", "hidden_spikes_per_sample")}
        points.append({"sweep": name, "value": value, **times, **kept})


def summarise(points: list[dict[str, Any]]) -> dict[str, Any]:
    """Exponents with which times grow, their ratios at every point, and how much all cores gain."""
    metrics: dict[str, Any] = {}
    for name in dict.fromkeys(p["sweep"] for p in points):
        line = [p for p in points if p["sweep"] == name]
        values = [p["value"] for p in line]
        if name == "cores":
            for method in ("eventprop", "bptt"):
                one, every = (next(p[f"{method}_s"] for p in line if p["value"] == cores) for cores in SWEEPS["cores"])
                metrics[f"all_cores_speedup_{method}"] = one / every
        else:
            for method in _COLOURS:
                metrics[f"exponent_{name}_{method}"] = fitted_order(values, [p[f"{method}_s"] for p in line])
        metrics |= {f"{ratio}_{name}_{v}": p[ratio] for ratio in _RATIOS for v, p in zip(values, line, strict=True)}
    return metrics


def table(points: list[dict[str, Any]], metrics: dict[str, Any]) -> str:
    """The points and the exponents as text."""
    lines = [f"{'':20}" + "".join(f"{name:>22}" for name in (*_COLOURS, *_RATIOS))]
    for p in points:
        cells = [f"{p[f'{m}_s']:22.4f}" for m in _COLOURS] + [f"{p[ratio]:22.2f}" for ratio in _RATIOS]
        lines.append(f"{p['sweep'] + ' ' + str(p['value']):20}" + "".join(cells))
    for name in dict.fromkeys(p["sweep"] for p in points if p["sweep"] != "cores"):
        cells = [f"{metrics[f'exponent_{name}_{m}']:22.2f}" for m in _COLOURS]
        lines.append(f"{'exponent, ' + name:20}" + "".join(cells))
    return "\n".join(lines)


def figure(record: dict[str, Any]) -> Figure:
    """Time of a gradient over each setting, on logarithmic axes, with the exponent at the end of each line."""
    points, metrics = record["samples"]["points"], record["metrics"]
    names = [name for name in dict.fromkeys(p["sweep"] for p in points) if name != "cores"]
    columns, rows = min(len(names), 3), -(-len(names) // 3)
    drawn = Figure(figsize=(4.2 * columns, 3.6 * rows + 0.5), layout="constrained")
    axes = drawn.subplots(rows, columns, squeeze=False).flat
    for ax, name in zip(axes, names, strict=False):
        line = [p for p in points if p["sweep"] == name]
        values = [p["value"] for p in line]
        for method, colour in _COLOURS.items():
            times = [p[f"{method}_s"] for p in line]
            ax.loglog(values, times, "o-", color=colour, label=_LABELS[method])
            exponent = f"{metrics[f'exponent_{name}_{method}']:.2f}"
            end = values[-1], times[-1]
            ax.annotate(exponent, end, (6, 0), textcoords="offset points", va="center", fontsize=7, color=colour)
        ax.set_xticks(values, [f"{value:g}" for value in values])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.margins(x=0.16)
        ax.set_xlabel(name.replace("_", " ") + _UNITS.get(name, ""))
        ax.set_ylabel("time of a gradient [s]")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(
        handles, labels, loc="outside upper center", ncols=5, frameon=False, title="numbers at the lines: exponents"
    )
    return drawn


def run(config: Config) -> dict[str, Any]:
    """Measure, print, record, draw; returns the record.

    Raises:
        ValueError: if a point cannot be measured; the record has those before it.
        OSError: for a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C; the record has the points so far.
    """
    prepare(config.out, _RECORDS)
    points: list[dict[str, Any]] = []
    write = partial(
        records.make_record, "speed_scaling", preset=None, method="both", dataset="poisson",
        hidden=SpeedConfig().hidden, seed=0, config={"sweeps": config.sweeps, "repeats": config.repeats},
        samples={"points": points},
    )  # fmt: skip
    try:
        sweep(config, points)
    except (ValueError, KeyboardInterrupt) as error:  # half an hour's work is not lost
        reason = str(error) or "stopped by the user"
        records.append(write(status="interrupted", reason=reason, metrics={}), config.out / _RECORDS)
        raise
    metrics = summarise(points)
    print(table(points, metrics))
    record = write(status="ok", metrics=metrics)
    records.append(record, config.out / _RECORDS)
    if set(config.sweeps) - {"cores"}:  # two numbers, no picture
        plots.save(figure(record), config.out / "figures" / "speed_scaling.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("benchmarks.speed_scaling", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
