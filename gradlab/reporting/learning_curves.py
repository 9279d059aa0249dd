"""Figures of trainings: accuracy and loss over epochs and seconds."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .style import LEGEND_COLUMNS, Record, axes_or_new, epoch_axis, epochs_of, looks_of, series, tidy

_ACCURACIES: dict[str, tuple[str, dict[str, Any]]] = {
    "validation_accuracy": ("validation accuracy", {"linewidth": 1.8, "marker": "o", "markersize": 2.5}),
    "train_accuracy": ("training accuracy", {"linewidth": 1.2, "linestyle": ":"}),
}


def learning_curves(records: Sequence[Record]) -> Figure:
    """Accuracy over epochs, accuracy over training time, and loss over epochs; a line for each record.

    Args:
        records: of training runs; several of one method (seeds) have shades of its colour.

    Returns:
        Three panels under one legend.
    """
    figure = Figure(figsize=(10, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    accuracy_curves(records, left)
    accuracy_curves(records, middle, over="seconds")
    loss_curves(records, right)
    shown: dict[str, Artist] = {}
    for ax in (left, middle, right):
        handles, labels = ax.get_legend_handles_labels()
        shown |= dict(zip(labels, handles, strict=True))
    for name, (what, style) in _ACCURACIES.items():
        if any(record["samples"].get(name) for record in records):
            shown[what] = Line2D([], [], color="black", **style)
    columns = min(len(shown), LEGEND_COLUMNS)
    figure.legend(list(shown.values()), list(shown), loc="outside upper center", ncols=columns, frameon=False)
    return figure


def accuracy_curves(
    records: Sequence[Record], ax: Axes | None = None, over: Literal["epoch", "seconds"] = "epoch"
) -> Axes:
    """Accuracy on the validation samples (solid) and on the training samples (dotted).

    Args:
        records: with ``samples``: ``validation_accuracy`` and ``train_accuracy`` per epoch, and ``epoch_s`` [s].
        ax: where to draw; by default a new figure.
        over: the horizontal axis: epochs, or seconds of training; the latter leaves out records without times.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax)
    for record, (method, colour) in zip(records, looks_of(records), strict=True):
        samples = record["samples"]
        for name, (_, style) in _ACCURACIES.items():
            y = 100 * series(samples, name)
            x = epochs_of(samples, len(y)) if over == "epoch" else _seconds(samples)
            if len(x) == len(y):
                label = method if name == "validation_accuracy" else None
                ax.plot(x, y, color=colour, label=label, **style)
    ax.set_ylabel("accuracy [%]")
    ax.set_ylim(0, 100)
    if over == "epoch":
        epoch_axis(ax)
    else:
        ax.set_xlabel("training time [s]")
        ax.set_xlim(left=0)
    return tidy(ax)


def _seconds(samples: Mapping[str, Any]) -> np.ndarray:
    """Training time at the end of each recorded epoch [s]; one that is not recorded counts as the next one that is."""
    times = series(samples, "epoch_s")
    return np.cumsum(times * np.diff(epochs_of(samples, len(times)), prepend=0))


def loss_curves(records: Sequence[Record], ax: Axes | None = None) -> Axes:
    """Mean training loss over epochs.

    Args:
        records: with ``samples["train_loss"]``, one figure an epoch.
        ax: where to draw; by default a new figure.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax)
    for record, (label, colour) in zip(records, looks_of(records), strict=True):
        y = series(record["samples"], "train_loss")
        x = epochs_of(record["samples"], len(y))
        ax.plot(x, y, color=colour, label=label, linewidth=1.8, marker="o", markersize=2.5)
    ax.set_ylabel("training loss")
    ax.set_ylim(bottom=0)
    epoch_axis(ax)
    return tidy(ax)
