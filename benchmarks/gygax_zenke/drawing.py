"""What the figures have in common."""

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from gradlab.reporting.style import tidy

EXACT = "black"  # what is true
COLOURS = "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00"  # of surrogates by slope, or of cases
SAMPLED = "#0072B2"  # what was estimated at random


def panel(ax: Axes, title: str, x: str, y: str) -> Axes:
    """Title and labels of axes, on a light grid."""
    ax.set_title(title, fontsize="medium")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    return tidy(ax)


def ticks_at(ax: Axes, values: list[float]) -> None:
    """Ticks of a logarithmic horizontal axis at these values only, as plain numbers."""
    ax.set_xticks(values)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
