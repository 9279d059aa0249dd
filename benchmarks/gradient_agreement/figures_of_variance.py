"""Figures of how much of the changes of the loss each gradient explains."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, tidy

from .drawing import METHODS, plain_numbers
from .problem import SMOOTH, Rows
from .variance import CONTINUOUS, GRID

_LEAST, _MOST = -0.5, 5.0  # shown of a share that has no lower bound, and of slopes


def variance(record: Record) -> Figure:
    """Share of the variance of the loss that each gradient explains over the length of the change.

    Args:
        record: with ``samples["variance"]``.

    Returns:
        The explained share above, the slope of the change over the predicted one below.
    """
    rows = record["samples"]["variance"]
    points = list(dict.fromkeys(row["point"] for row in rows))
    figure = Figure(figsize=(4 * len(points) + 1, 6.8), layout="constrained")
    axes = figure.subplots(2, len(points), sharex=True, sharey="row", squeeze=False)
    for column, point in zip(axes.T, points, strict=True):
        here = [row for row in rows if row["point"] == point]
        for ax, measure, level in zip(column, ("explained", "slope"), (0, 1), strict=True):
            for method in METHODS:
                for simulator, style in ((CONTINUOUS, "-"), (GRID, "--")):
                    own = [row for row in here if (row["method"], row["simulator"]) == (method.name, simulator)]
                    label = method.label + (", on its grid" if simulator == GRID else "")
                    _draw(ax, own, measure, method.colour, style, label)
            ax.set_xscale("log")
            plain_numbers(ax.xaxis)
            ax.axhline(level, color="black", linewidth=0.8)
            tidy(ax)
        column[0].set_ylim(_LEAST, 1.03)
        column[0].set_title(f"{point} with exact gradients", fontsize="medium")
        column[1].set_ylim(_LEAST, _MOST)
        column[1].set_xlabel("length of the change [threshold]")
    axes[0, 0].set_ylabel("explained share of the variance")
    axes[1, 0].set_ylabel("slope of the change\nover the predicted one")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize="small")
    return figure


def _draw(ax: Axes, rows: Rows, measure: str, colour: str, style: str, label: str) -> None:
    """A line for each half-width of the kernel; the usual one is thick."""
    for number, width in enumerate(dict.fromkeys(row["half_width"] for row in rows)):
        own = [row for row in rows if row["half_width"] == width]
        usual = width in (None, SMOOTH.smoothing.half_width)
        values = np.clip([row[measure] for row in own], 2 * _LEAST, 2 * _MOST)  # lines leave the panel
        ax.plot(
            [row["length"] for row in own], values, linestyle=style, color=colour, marker=MARKERS[number],
            markersize=4, linewidth=2 if usual else 0.8, label=label if width is None else f"{label}, {width:g}",
        )  # fmt: skip
