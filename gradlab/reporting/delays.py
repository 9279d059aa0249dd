"""Figure of what the delays of a layer do: which weights have which, and when the inputs of a neuron arrive."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from solvers.delays import delays_of

from .style import GREY, tidy

_EXCITING, _INHIBITING = "#D55E00", "#0072B2"
_SHOWN = 24  # channels of a neuron, those that move it most
_MOST_DOTS = 20_000  # of a scatter plot


def delays(layer: Any, inputs: tuple[np.ndarray, np.ndarray], spikes: tuple[np.ndarray, np.ndarray]) -> Figure:
    """Delays over weights; and for the neuron with most spikes in a sample its inputs, as they leave and arrive.

    Args:
        layer: parameters of a layer whose inputs or recurrent connections have delays.
        inputs: times [s] and channels of the spikes that reach the layer in one sample.
        spikes: times [s] and neurons of its own.

    Returns:
        A panel for each kind of delays; and if inputs have delays two more, of the channels with the largest weights
        times spikes, ordered by their delays. Lines are the neuron's spikes.
    """
    found = {name: np.asarray(x, float) for name, x in delays_of(layer)._asdict().items() if x is not None}
    weights = {"inputs": np.asarray(layer.w_in, float)}
    if "recurrent" in found:
        weights["recurrent"] = np.asarray(layer.w_rec, float)
    both = "inputs" in found
    figure = Figure(figsize=(9, 6.6 if both else 3.3), layout="constrained")
    parts: Any = figure.subfigures(2, 1, hspace=0.05) if both else [figure]
    top, *below = parts
    for ax, (name, lags) in zip(top.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        _weights_and_delays(ax, name, weights[name], lags)
    if below:
        _leaving_and_arriving(below[0], weights["inputs"], found["inputs"], inputs, spikes)
    return figure


def _weights_and_delays(ax: Any, name: str, weights: np.ndarray, lags: np.ndarray) -> None:
    synapses = np.broadcast_to(lags if lags.ndim == 2 else lags[:, None], weights.shape)
    few = np.random.default_rng(0).permutation(weights.size)[:_MOST_DOTS]
    ax.scatter(1e3 * synapses.ravel()[few], weights.ravel()[few], s=3, color=GREY, alpha=0.3, linewidths=0)
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xlabel("delay [ms]")
    ax.set_ylabel("weight")
    ax.set_title("connections from the inputs" if name == "inputs" else "recurrent connections", fontsize="medium")
    tidy(ax)


def _leaving_and_arriving(
    figure: Any, weights: np.ndarray, lags: np.ndarray, inputs: tuple[np.ndarray, ...], spikes: tuple[np.ndarray, ...]
) -> None:
    (times, channels), (spike_times, neurons) = inputs, spikes
    neuron = int(np.argmax(np.bincount(neurons, minlength=weights.shape[1])))
    own, lag = weights[:, neuron], lags if lags.ndim == 1 else lags[:, neuron]
    drive = np.abs(own) * np.bincount(channels, minlength=len(own))
    shown = np.argsort(-drive)[:_SHOWN]
    place = np.full(len(own), -1)
    place[shown[np.argsort(lag[shown])]] = np.arange(len(shown))
    here = place[channels] >= 0
    times, channels = times[here], channels[here]
    colours = np.where(own[channels] > 0, _EXCITING, _INHIBITING)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    keys = [Line2D([], [], marker="o", linestyle="", color=c) for c in (_EXCITING, _INHIBITING)]
    keys.append(Line2D([], [], color=GREY))
    figure.legend(
        keys, ["weight above 0", "below 0", "spike of the neuron"], loc="outside lower center", ncols=3, frameon=False
    )
    for ax, at, words in zip(panels, (times, times + lag[channels]), ("as they leave", "as they arrive"), strict=True):
        for time in spike_times[neurons == neuron]:
            ax.axvline(time, color=GREY, linewidth=0.8, alpha=0.7)
        ax.scatter(at, place[channels], s=9, c=colours, linewidths=0)
        ax.set_title(f"inputs of neuron {neuron} {words}", fontsize="medium")
        ax.set_xlabel("time [s]")
        ax.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("channel, by its delay")
