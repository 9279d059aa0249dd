"""How a search went: the effort of each method, and what it found, as a table and a figure."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..command import Record
from ..reporting.style import GREY, colour_of, label_of, tidy
from .history import COMPLETE, PRUNED

_MARKS: dict[str, dict[str, Any]] = {
    COMPLETE: {"marker": "o", "markersize": 3.5, "linestyle": "none"},
    PRUNED: {"marker": "x", "markersize": 5, "linestyle": "none"},
}


def table(record: Record) -> str:
    """The effort of each method, and the best accuracy on what was held out."""
    heads = ("trials", "pruned", "retried", "epochs", "best held-out accuracy")
    lines = [f"{'':24}" + "".join(f"{head:>{max(9, len(head) + 2)}}" for head in heads)]
    for method, found in record["metrics"].items():
        best = "-" if found["best_accuracy"] is None else f"{found['best_accuracy']:.1%}"
        numbers = "".join(f"{found[head]:>9}" for head in heads[:-1])
        lines.append(f"{label_of(method):24}{numbers}{best:>{len(heads[-1]) + 2}}")
    return "\n".join(lines)


def tuning(record: Record) -> Figure:
    """The best held-out accuracy so far over trials, and over the epochs that were trained; a line for each method.

    Args:
        record: of ``gradlab tune``.

    Returns:
        Two panels. Dots are complete trials; crosses are pruned ones at their last accuracy, which cannot be the best.
    """
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    by_trial, by_epoch = figure.subplots(1, 2, sharey=True)
    for method, trials in record["samples"].items():
        _draw(by_trial, method, np.arange(1, len(trials) + 1), trials)
        _draw(by_epoch, method, np.cumsum([trial["epochs"] for trial in trials]), trials)
    by_trial.set_ylabel("held-out accuracy [%]")
    by_trial.set_xlabel("finished trials")
    by_epoch.set_xlabel("epochs trained in them")
    for ax in (by_trial, by_epoch):
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        tidy(ax)
    handles, labels = by_trial.get_legend_handles_labels()
    handles += [Line2D([], [], color=GREY, **style) for style in _MARKS.values()]
    labels += list(_MARKS)
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def _draw(ax: Axes, method: str, at: np.ndarray, trials: list[dict[str, Any]]) -> None:
    colour = colour_of(method)
    accuracies = 100 * np.array([trial["accuracy"] for trial in trials], np.float64)
    states = np.array([trial["state"] for trial in trials])
    complete = np.where(states == COMPLETE, accuracies, -np.inf)
    best = np.maximum.accumulate(complete) if len(complete) else complete
    best = np.where(np.isfinite(best), best, np.nan)
    ax.plot(at, best, color=colour, drawstyle="steps-post", linewidth=1.8, label=label_of(method))
    for state, style in _MARKS.items():
        ax.plot(at[states == state], accuracies[states == state], color=colour, alpha=0.6, **style)
