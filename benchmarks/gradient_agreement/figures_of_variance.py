"""Figures of how much of the changes of the loss each gradient explains."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, tidy

from .drawing import METHODS, plain_numbers
from .problem import SMOOTH, Rows
from .variance import CONTINUOUS, GRID

_LEAST = -0.5  # shown of a share that has no lower bound


def variance(record: Record) -> Figure:
    """Share of the variance of the loss that each gradient explains over the length of the change.

    Args:
        record: with ``samples["variance"]``.
    """
    rows = record["samples"]["variance"]
    points = list(dict.fromkeys(row["point"] for row in rows))
    figure = Figure(figsize=(4 * len(points) + 1, 4.2), layout="constrained")
    axes = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    for ax, point in zip(axes, points, strict=True):
        here = [row for row in rows if row["point"] == point]
        for method in METHODS:
            for simulator, style in ((CONTINUOUS, "-"), (GRID, "--")):
                own = [row for row in here if (row["method"], row["simulator"]) == (method.name, simulator)]
                _draw(ax, own, method.colour, style, method.label + (", on its grid" if simulator == GRID else ""))
        ax.set_xscale("log")
        plain_numbers(ax.xaxis)
        ax.set_ylim(_LEAST, 1.03)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_xlabel("length of the change [threshold]")
        ax.set_title(f"{point} with exact gradients", fontsize="medium")
        tidy(ax)
    axes[0].set_ylabel("explained share of the variance")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize="small")
    return figure


def average(record: Record) -> Figure:
    """How well each gradient predicts slopes of averaged losses, over the size of the random changes.

    Args:
        record: with ``samples["average"]``.

    Returns:
        Explained share of the variance above, slope of the averaged loss over the predicted one below.
    """
    rows = record["samples"]["average"]
    kinds = list(dict.fromkeys(row["noise"] for row in rows))
    figure = Figure(figsize=(9.5, 6.4), layout="constrained")
    panels = figure.subplots(2, len(kinds), sharey="row", squeeze=False)
    for column, kind in enumerate(kinds):
        for method in METHODS:
            own = [row for row in rows if (row["noise"], row["method"]) == (kind, method.name)]
            for ax, measure in zip(panels[:, column], ("explained", "slope"), strict=True):
                _draw(ax, own, method.colour, "-", method.label, "size", measure)
        panels[0, column].set_title(f"changes of the {kind}", fontsize="medium")
        panels[1, column].set_xlabel("deviation [threshold]")
    for upper, lower in panels.T:
        upper.set_ylim(_LEAST, 1.03)
        for ax, level in ((upper, 0), (lower, 1)):
            ax.set_xscale("log")
            plain_numbers(ax.xaxis)
            ax.axhline(level, color="black", linewidth=0.8)
            tidy(ax)
    panels[0, 0].set_ylabel("explained share of the variance")
    panels[1, 0].set_ylabel("slope of the averaged loss\nover the predicted one")
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize="small"
    )
    return figure


def _draw(
    ax: Axes, rows: Rows, colour: str, style: str, label: str, over: str = "length", measure: str = "explained"
) -> None:
    """A line for each half-width of the kernel; the usual one is thick."""
    for number, width in enumerate(dict.fromkeys(row["half_width"] for row in rows)):
        own = [row for row in rows if row["half_width"] == width]
        usual = width in (None, SMOOTH.smoothing.half_width)
        values = np.maximum([row[measure] for row in own], 2 * _LEAST)
        ax.plot(
            [row[over] for row in own], values, linestyle=style, color=colour, marker=MARKERS[number],
            markersize=4, linewidth=2 if usual else 0.8, label=label if width is None else f"{label}, {width:g}",
        )  # fmt: skip
