"""Figures of single samples: which unit spikes when."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from .style import axes_or_new

_INPUT_COLOUR, _HIDDEN_COLOUR = "#333333", "#0072B2"


def raster(
    input_times: ArrayLike, input_units: ArrayLike, hidden_times: ArrayLike, hidden_units: ArrayLike, title: str
) -> Figure:
    """Spikes of one sample: input channels above, hidden neurons below, on the same time axis.

    Args:
        input_times: [s]; entries that are not finite (padding) are left out.
        input_units: index of the input channel of each.
        hidden_times: [s], padded likewise.
        hidden_units: index of the hidden neuron of each.
        title: of the figure.

    Returns:
        Two panels.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True, height_ratios=(1.3, 1))
    figure.suptitle(title, fontsize="large")
    spike_dots(input_times, input_units, panels[0], "input channel", _INPUT_COLOUR)
    spike_dots(hidden_times, hidden_units, panels[1], "hidden neuron", _HIDDEN_COLOUR)
    panels[1].set_xlabel("time [s]")
    return figure


def spike_dots(times: ArrayLike, units: ArrayLike, ax: Axes | None, label: str, colour: str) -> Axes:
    """One dot a spike, and their number above.

    Args:
        times: [s]; entries that are not finite (padding) are left out.
        units: index of the unit of each.
        ax: where to draw; by default a new figure.
        label: what a unit is.
        colour: of the dots.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax)
    times, units = np.asarray(times, np.float64), np.asarray(units)
    spikes = np.isfinite(times)
    ax.scatter(times[spikes], units[spikes], s=3, color=colour, linewidths=0, alpha=0.8)
    ax.margins(x=0.01)
    ax.set_ylabel(label)
    ax.set_title(f"{np.count_nonzero(spikes)} spikes", fontsize="medium", loc="right")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
