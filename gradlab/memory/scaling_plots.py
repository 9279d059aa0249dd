"""Figures of how memory grows with the size of a problem, drawn from records."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ..plots import METHOD_COLOURS, METHOD_LABELS

_AXES = {
    "duration": ("duration, same spikes [s]", 1),
    "dt": ("step of the grid [ms]", 1e3),
    "hidden": ("hidden neurons", 1),
    "batch_size": ("samples in a batch", 1),
    "hidden_rate": ("firing rate [Hz]", 1),
}


def memory_scaling(record: Mapping[str, Any]) -> Figure:
    """Memory over each size that was swept, on logarithmic axes, with the fitted slopes.

    Args:
        record: of the benchmark ``memory_scaling``.

    Returns:
        Two rows of panels: what XLA allocates on an H100 without the input, if it is known, and what is kept between
        the passes.
    """
    points, metrics = record["samples"]["points"], record["metrics"]
    kinds = {"h100": "allocation on an H100,\nwithout input [MB]", "residual": "kept between\nthe passes [MB]"}
    if any(point["h100_temporaries_bytes"] is None for point in points):
        del kinds["h100"]
    figure = Figure(figsize=(3.4 * len(_AXES), 3.3 * len(kinds)), layout="constrained")
    grid = figure.subplots(len(kinds), len(_AXES), squeeze=False)
    for row, (kind, label) in zip(grid, kinds.items(), strict=True):
        for ax, sweep in zip(row, _AXES, strict=True):
            _lines(ax, [point for point in points if point["sweep"] == sweep], sweep, kind, metrics)
        row[0].set_ylabel(label)
    handles = [line for line in grid[0][0].lines if not line.get_label().startswith("_")]
    figure.legend(
        handles, [METHOD_LABELS[line.get_gid()] for line in handles], loc="outside upper center", ncols=4, frameon=False
    )
    return figure


def _bytes(point: Mapping[str, Any], kind: str) -> float:
    if kind == "residual":
        return point["residual_bytes"]
    parts = ("arguments", "outputs", "temporaries")
    return sum(point[f"h100_{part}_bytes"] for part in parts) - point["input_bytes"]


def _lines(ax: Axes, points: Sequence[Mapping[str, Any]], sweep: str, kind: str, metrics: Mapping[str, Any]) -> None:
    """One line a method; its slope is its label."""
    name, unit = _AXES[sweep]
    for method in dict.fromkeys(point["method"] for point in points):
        line = [point for point in points if point["method"] == method]
        x, y = [unit * point["value"] for point in line], [_bytes(point, kind) / 1e6 for point in line]
        slope = metrics[f"slope_{kind}_{sweep}_{method}"]
        ax.loglog(
            x, y, color=METHOD_COLOURS[method], marker="o", markersize=4, linewidth=1.8, gid=method,
            label=f"slope {round(slope, 2) + 0:.2f}",
        )  # fmt: skip
    ax.set_xlabel(name)
    ax.set_xticks(x, [f"{tick:g}" for tick in x])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.35)  # room for the legend
    ax.legend(frameon=False, fontsize="small", ncols=2, loc="upper left")
