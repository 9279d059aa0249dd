"""One recording as the picture that explains a gradient: what a network hears, does and answers, and the way back."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solvers.reference.traces import Train

from ..methods import CLOCK_DRIVEN
from ..reporting.raster import spike_dots
from ..reporting.style import GREY, tidy
from .backwards import adjoint
from .inside import Inside, voltages

_SHOWN = 3  # neurons whose voltages are drawn
_SPIKES = 2  # that a shown neuron should have in the close-up
_POINTS = 2000  # of a curve
_JUST_AFTER = 1e-9  # [s], so that curves fall straight down
_CLOSE = 4  # membrane time constants in a close-up
_DOTS = "#333333"


class Picture(NamedTuple):
    """What is drawn.

    Attributes:
        seen: what the network does in the simulator of its method.
        other: the same in another simulator, or None.
        label: class by whose loss the adjoint is driven.
        title: of the picture.
        names: of the classes.
    """

    seen: Inside
    other: Inside | None
    label: int
    title: str
    names: tuple[str, ...]


def explain(picture: Picture, window: tuple[float, float] | None) -> Figure:
    """Draw input, hidden spikes, voltages, readout and adjoint: the whole trial on the left, a close-up on the right.

    Args:
        picture: what is drawn.
        window: from when to when the close-up is [s]; by default where the hidden layer spikes most.

    Raises:
        ValueError: for a window outside the trial, and as ``voltages`` and ``adjoint``.
    """
    seen = picture.seen
    duration, hidden = seen.network.duration, seen.spikes[len(seen.network.hidden) - 1]
    window = _busiest(hidden, _CLOSE * seen.network.tau_mem, duration) if window is None else window
    if not 0 <= window[0] < window[1] <= duration:
        raise ValueError(f"window is {window}, expected from when to when within the trial of {duration:g} s")
    neurons = _telling(hidden, window, seen.network.hidden[-1])
    figure = Figure(figsize=(12, 11), layout="constrained")
    panels = figure.subplots(5, 2, sharex="col", width_ratios=(1, 1.2), height_ratios=(1.2, 1, 1.4, 1, 1.4))
    figure.suptitle(picture.title, fontsize="large")
    for column, (start, end) in zip(panels.T, ((0.0, duration), window), strict=True):
        _spikes(column[0], seen.inputs, (start, end), "input channel", _DOTS)
        _spikes(column[1], hidden, (start, end), "hidden neuron", seen.method.colour)
        _voltages(column[2], picture, neurons, (start, end))
        _readout(column[3], picture, (start, end))
        _adjoint(column[4], picture, neurons, (start, end))
        column[-1].set_xlabel("time [s]")
        column[-1].set_xlim(start, end)
    for ax in panels[:, 0]:
        ax.axvspan(*window, color=GREY, alpha=0.12, linewidth=0)
    for row, (left, right) in enumerate(panels):
        right.set_ylabel("")
        if row < len(panels) - 1:  # the adjoint has a scale of its own in each
            right.sharey(left)
    panels[0, 1].set_title(f"close-up, {1e3 * (window[1] - window[0]):.3g} ms", loc="left")
    panels[0, 0].set_title("whole trial", loc="left")
    for row in (2, 3, 4):
        handles, labels = panels[row, 1].get_legend_handles_labels()
        panels[row, 1].legend(handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure


def _busiest(spikes: Train, length: float, duration: float) -> tuple[float, float]:
    """The stretch of a length with most spikes."""
    length = min(length, duration)
    starts = np.linspace(0, duration - length, 200)
    times = np.sort(np.asarray(spikes[0]))
    inside = np.searchsorted(times, starts + length) - np.searchsorted(times, starts)
    start = float(starts[inside.argmax()])
    return start, min(start + length, duration)


def _telling(spikes: Train, window: tuple[float, float], neurons: int) -> np.ndarray:
    """Neurons that spike about twice in a window."""
    times, units = np.asarray(spikes[0]), np.asarray(spikes[1])
    counts = np.bincount(units[(times >= window[0]) & (times < window[1])], minlength=neurons)
    return np.argsort(np.abs(counts - _SPIKES), kind="stable")[:_SHOWN]


def _spikes(ax: Axes, train: Train, window: tuple[float, float], label: str, colour: str) -> None:
    times, units = np.asarray(train[0]), np.asarray(train[1])
    inside = (times >= window[0]) & (times <= window[1])
    spike_dots(times[inside], units[inside], ax, label, colour)


def _moments(inside: Inside, window: tuple[float, float]) -> np.ndarray:
    """Times of the points of a curve: those of the grid; or evenly spread, with both sides of each spike."""
    start, end = window
    if inside.method.simulator == CLOCK_DRIVEN:
        dt: float = inside.method.dt  # type: ignore[attr-defined]
        return np.arange(np.ceil(start / dt), np.floor(end / dt) + 1) * dt
    own = np.concatenate([np.asarray(times) for times, _ in inside.spikes])
    own = own[(own > start) & (own < end)]
    return np.unique(np.concatenate([np.linspace(start, end, _POINTS), own, own + _JUST_AFTER]))


def _hidden(inside: Inside) -> int:
    return len(inside.network.hidden) - 1


def _voltages(ax: Axes, picture: Picture, neurons: np.ndarray, window: tuple[float, float]) -> None:
    """Voltages of some neurons, one above the other, with the threshold and the spikes on it."""
    close = window != (0.0, picture.seen.network.duration)
    drawn = [each for each in (picture.other if close else None, picture.seen) if each is not None]
    traces = [(each, _moments(each, window)) for each in drawn]
    found = [(each, times, voltages(each, times)[_hidden(each)].v[:, neurons]) for each, times in traces]
    threshold = np.broadcast_to(
        np.asarray(picture.seen.layers[_hidden(picture.seen)].threshold), picture.seen.network.hidden[-1]
    )
    height = 1.3 * max(float(np.ptp(np.concatenate([v.ravel() for *_, v in found]))), float(threshold[neurons].max()))
    for place, n in enumerate(neurons):
        base = -height * place
        ax.axhline(base + threshold[n], color=GREY, linewidth=0.6, linestyle=":", label="_" if place else "threshold")
        for each, times, v in found:
            label = "_" if place else f"{each.method.label}, {each.method.simulator}"
            on_grid = each.method.simulator == CLOCK_DRIVEN
            style: dict[str, Any] = {"marker": ".", "markersize": 3} if on_grid and close else {}
            ax.plot(times, v[:, place] + base, color=each.method.colour, linewidth=0.9, label=label, **style)
            t, u = (np.asarray(x) for x in each.spikes[_hidden(each)])
            t = t[(u == n) & (t >= window[0]) & (t <= window[1])]
            high = np.full(len(t), base + threshold[n] + (0.12 if on_grid else 0.06) * height)
            ax.plot(t, high, "v", color=each.method.colour, markersize=4, label="_")
    ax.set_yticks([-height * place for place in range(len(neurons))], [f"neuron {n}" for n in neurons])
    ax.set_ylabel("voltage")
    tidy(ax, "x")


def _readout(ax: Axes, picture: Picture, window: tuple[float, float]) -> None:
    """Voltages of the readout, that of the label in black."""
    seen = picture.seen
    times = _moments(seen, window)
    v = voltages(seen, times)[-1].v
    others = [k for k in range(v.shape[1]) if k != picture.label]
    ax.plot(times, v[:, others], color="#BBBBBB", linewidth=0.7)
    ax.plot([], [], color="#BBBBBB", label="other classes")
    ax.plot(times, v[:, picture.label], color="black", linewidth=1.4, label=f"class {picture.names[picture.label]}")
    ax.set_ylabel("readout")
    tidy(ax, "x")


def _adjoint(ax: Axes, picture: Picture, neurons: np.ndarray, window: tuple[float, float]) -> None:
    """The adjoint of the same neurons, one above the other, each on its own scale."""
    seen = picture.seen
    times = _moments(seen, window)
    trace = adjoint(seen, picture.label, times)[_hidden(seen)]
    scale = np.abs(trace.v[:, neurons]).max(0)
    for place, n in enumerate(neurons):
        base, size = -2.4 * place, scale[place] or 1.0
        ax.axhline(base, color=GREY, linewidth=0.5)
        ax.plot(times, trace.v[:, n] / size + base, color=seen.method.colour, linewidth=0.9,
                label="_" if place else r"$\lambda_V$")  # fmt: skip
        ax.plot(
            times, trace.i[:, n] / size + base, color="#CC79A7", linewidth=0.9, label="_" if place else r"$\lambda_I$"
        )
    ax.set_yticks([-2.4 * place for place in range(len(neurons))], [f"neuron {n}" for n in neurons])
    ax.set_title(r"$\leftarrow$ runs backwards", loc="left", fontsize="medium", color=GREY)
    ax.set_ylabel("adjoint, scaled")
    tidy(ax, "x")
