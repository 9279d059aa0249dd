"""What the figures of gradient agreement have in common."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter

from gradlab.methods import BPTT
from gradlab.reporting.style import tidy

from .problem import EXACT, SMOOTH

PARAMETERS = {"w_in": ("input weights", "#0072B2"), "w_rec": ("recurrent weights", "#E69F00")}
READOUT = ("readout weights", "#999999")
METHODS = (EXACT, BPTT, SMOOTH)  # older records lack the last one


def leaf_value(row: Mapping[str, Any], name: str, measure: str = "cosine") -> float:
    """A measure of agreement of one parameter of the first layer, or of the readout (``w``); NaN if there is none."""
    path = "readout.w" if name == "w" else f"layers.0.{name}"
    value = row["parameters"].get(path, {}).get(measure)
    return float("nan") if value is None else value


def cosine_axis(ax: Axes) -> Axes:
    """Cosines to the exact gradient as the vertical axis."""
    ax.set_ylim(min(-0.05, ax.get_ylim()[0]), 1.05)
    ax.axhline(1, color="black", linewidth=0.8)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_ylabel("cosine to the exact gradient")
    return tidy(ax)


def plain_numbers(axis: Axis) -> None:
    """Write 10, not 10^1, on a logarithmic axis."""
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
