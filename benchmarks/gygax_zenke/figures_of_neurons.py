"""Figure 1: a single neuron that spikes at random."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradlab.command import Record

from .drawing import EXACT, SAMPLED, panel

_DERIVATIVE = "#E69F00"


def neurons(record: Record) -> Figure:
    """Expected output and its derivative, by sampling and in theory; a row for each neuron."""
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    above, below = figure.subplots(2, 3)
    found = record["samples"]["single_neuron"]
    _row(above, found["perceptron"], np.array(found["perceptron"]["place"]), "perceptron", "voltage u (threshold 1)")
    _row(below, found["lif"], 1e3 * np.array(found["lif"]["place"]), "LIF neuron", "time [ms]")
    return figure


def _row(axes: np.ndarray, found: dict[str, Any], place: np.ndarray, neuron: str, x: str) -> None:
    left, middle, right = axes
    _both(left, place, found["expectation"], "escape probability")
    panel(left, f"{neuron}: expected output", x, "P(spike)")
    _both(middle, place, found["derivative"], "surrogate")
    panel(middle, f"{neuron}: derivative with respect to u", x, "d P(spike) / du")
    for quantity, colour in (("expectation", SAMPLED), ("derivative", _DERIVATIVE)):
        estimate, error, expected = (np.array(found[quantity][key]) for key in ("estimate", "error", "theory"))
        right.plot(place, (estimate - expected) / error, "o", color=colour, markersize=3.5, label=quantity)
    right.axhspan(-2, 2, color="#EEEEEE", zorder=0)
    right.axhline(0, color=EXACT, linewidth=0.8)
    right.set_ylim(-4.5, 4.5)
    panel(right, f"{neuron}: sampled minus theory", x, "standard errors")
    right.legend(frameon=False, fontsize="small", ncols=2, loc="upper center")


def _both(ax: Axes, place: np.ndarray, found: dict[str, Any], label: str) -> None:
    ax.errorbar(
        place, found["estimate"], found["error"], fmt="o", color=SAMPLED, markersize=3, linewidth=1,
        label="sampled, ± standard error",
    )  # fmt: skip
    ax.plot(place, found["theory"], color=EXACT, linewidth=1.2, label=label)
    ax.set_ylim(0, 1.35 * max(found["estimate"]))
    ax.legend(frameon=False, fontsize="small", loc="upper left")
