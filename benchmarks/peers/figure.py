"""Table and figure of the comparison."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.methods import METHODS
from gradlab.reporting.style import label_of, series, tidy

_METHODS = {"spyx": "bptt", "snntorch": "bptt", "norse": "bptt", "jaxsnn": "eventprop"}
_PEER_COLOUR = "#999999"


def label(name: str) -> str:
    """How a contestant is called."""
    return f"{label_of(name)}, ours" if name in METHODS else f"{name} ({label_of(_METHODS.get(name, '?'))})"


def contestants(record: Record) -> list[str]:
    """All that were to be measured, in order."""
    return [name.removesuffix("_step_s") for name in record["samples"]]


def table(record: Record) -> str:
    """The figures as text; nothing is scaled."""
    metrics = record["metrics"]
    lines = [
        f"{'':22}{'version':>9}{'seconds a gradient':^28}{'MB':>8}{'hidden Hz':>11}{'x EventProp':>13}  left out",
        f"{'':22}{'':9}{'median':>10}{'quartiles':>18}{'':8}{'':11}{'':13}",
    ]
    for name in contestants(record):
        step, peak, rate, version, limits, reason = (
            metrics[f"{name}_{what}"] for what in ("step_s", "peak_bytes", "rate_hz", "version", "limits", "reason")
        )
        if step is None:
            lines.append(f"{label(name):22}  skipped: {reason}")
            continue
        low, high = np.quantile(series(record["samples"], f"{name}_step_s"), (0.25, 0.75))
        size = "?" if peak is None else f"{peak / 1e6:.1f}"
        share = metrics.get(f"eventprop_over_{name}")
        quartiles, times = f"{low:.4f}-{high:.4f}", "" if share is None else f"{1 / share:.1f}"
        lines.append(
            f"{label(name):22}{version or '':>9}{step:10.4f}{quartiles:>18}{size:>8}{rate:11.1f}{times:>13}"
            f"  {limits or ''}"
        )
    return "\n".join(line.rstrip() for line in lines)


def figures(record: Record) -> dict[str, Figure]:
    """By file name."""
    return {"peers.png": peers(record)}


def peers(record: Record) -> Figure:
    """Time and memory of a gradient, a bar for each contestant on logarithmic axes; times with quartiles.

    Hatched bars are those of a smaller problem. Who was skipped has no bar.
    """
    metrics, samples = record["metrics"], record["samples"]
    names = [name for name in contestants(record) if samples[f"{name}_step_s"]]
    figure = Figure(figsize=(10, 0.9 + 0.42 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, names, metrics, "step_s", 1.0)
    left.set_xlabel("time of a gradient [s]")
    _bars(right, names, metrics, "peak_bytes", 1e-6)
    right.set_xlabel("peak of a gradient and its input [MB]")
    for row, name in enumerate(names):
        low, high = np.quantile(series(samples, f"{name}_step_s"), (0.25, 0.75))
        left.plot([low, high], [row, row], color="black", linewidth=1.2)
    limits = [f"{name}: {metrics[f'{name}_limits']}" for name in names if metrics[f"{name}_limits"]]
    left.set_yticks(range(len(names)), [label(name) for name in names])
    left.invert_yaxis()
    if limits:
        figure.supxlabel("hatched, not the whole workload: " + "; ".join(limits), fontsize="small")
    return figure


def _bars(ax: Axes, names: list[str], metrics: Mapping[str, Any], quantity: str, unit: float) -> None:
    """A bar for each contestant whose figure is known, from the top down."""
    for row, name in enumerate(names):
        value = metrics[f"{name}_{quantity}"]
        if value is None or value <= 0:
            continue
        colour = METHODS[name].colour if name in METHODS else _PEER_COLOUR
        hatch = "//" if metrics[f"{name}_limits"] else None
        bars = ax.barh(row, unit * value, 0.65, color=colour, edgecolor="white", hatch=hatch)
        ax.bar_label(bars, fmt="%.3g", padding=6)
    ax.set_xscale("log")
    ax.margins(x=0.25)
    tidy(ax, "x")
