"""Which classes are taken for which: the confusion matrix of a training, as a figure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .style import Record, label_of

_NUMBERED = 40  # classes up to which shares are written into the cells
_FEW = 10  # classes below which the text is larger
_DARK = 0.35  # share from which the text in a cell is white
_CELL, _LEAST, _MOST = 0.32, 3.0, 12.0  # [inch], of a cell and of the matrix


def confusion(record: Record) -> Figure:
    """Of the test samples of each class (row), the share that got each answer (column) [%].

    The colours follow the square root, so that rare errors are seen beside the diagonal.

    Args:
        record: of a training, with ``samples["confusion"]``: ``counts`` and the names of the ``classes``.
    """
    counts, names = np.array(record["samples"]["confusion"]["counts"]), record["samples"]["confusion"]["classes"]
    side = float(np.clip(_CELL * len(names), _LEAST, _MOST))
    figure = Figure(figsize=(side + 2.2, side + 1.4), layout="constrained")
    ax = figure.subplots()
    samples = counts.sum(1)
    shares = counts / np.maximum(samples, 1)[:, None]
    image = ax.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    bar = figure.colorbar(image, ax=ax, format=PercentFormatter(1), ticks=[0, 0.01, 0.05, 0.2, 0.5, 1], shrink=0.8)
    bar.outline.set_visible(False)
    bar.set_label("share of the class")
    if len(names) <= _NUMBERED:
        _write(ax, shares)
    places = range(len(names))
    ax.set_xticks(places, names, rotation=90 if max(map(len, names)) > 2 else 0)
    ax.set_yticks(places, [f"{name}  ({number})" for name, number in zip(names, samples, strict=True)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="minor", length=0)
    ax.set_xlabel("answer")
    ax.set_ylabel("class (test samples)")
    ax.set_title(_title(record), loc="left", fontsize="medium")
    return figure


def _write(ax: Axes, shares: np.ndarray) -> None:
    """Whole per cent into the cells; nothing below half of one."""
    for row, column in np.argwhere(shares >= 0.005):
        share = shares[row, column]
        colour = "white" if share > _DARK else "black"
        ax.text(
            column,
            row,
            f"{100 * share:.0f}",
            ha="center",
            va="center",
            color=colour,
            fontsize=10 if len(shares) < _FEW else 7,
        )


def _title(record: Record) -> str:
    shown = [
        f"{name} {100 * share:.1f} %"
        for name, key in (("accuracy", "test_accuracy"), ("balanced", "test_balanced_accuracy"))
        if (share := record["metrics"].get(key)) is not None
    ]
    return ", ".join([label_of(record["method"]), *shown])
