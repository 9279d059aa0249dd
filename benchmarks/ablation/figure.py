"""Accuracy without each ingredient, as a table and a figure."""

import numpy as np
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, colour_of, tidy

from ..groups import group_word

_COLUMNS = ("test_accuracy", "test_accuracy_unseen_groups", "validation_accuracy", "train_accuracy")
_ENDED = {"overflow": "(ran away)", "diverged": "(diverged)"}


def share(value: float | None) -> str:
    """In per cent, or a dash."""
    return "-" if value is None else f"{value:.1%}"


def table(record: Record) -> str:
    """Accuracies as text."""
    lines = [f"{'without':24}{'test':>8}{'unseen':>8}{'held out':>10}{'training':>10}{'status':>12}"]
    for name, each in record["metrics"]["runs"].items():
        test, unseen, held_out, train = (share(each[key]) for key in _COLUMNS)
        lines.append(f"{name:24}{test:>8}{unseen:>8}{held_out:>10}{train:>10}{each['status']:>12}")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {f"ablation-{record['preset']}-{record['config_hash']}.png": ablation(record)}


def ablation(record: Record) -> Figure:
    """Accuracy with the whole recipe and without each ingredient, on held-out groups and on the test set.

    Args:
        record: of this benchmark.

    Returns:
        One panel, a row for each training; a line marks the whole recipe. A training that ended early says so; its
        accuracies are those of its last whole epoch.
    """
    runs, colour = record["metrics"]["runs"], colour_of(record["method"])
    figure = Figure(figsize=(7, 1.2 + 0.4 * len(runs)), layout="constrained")
    ax = figure.subplots()
    rows = np.arange(len(runs))
    shown = {
        "test_accuracy": ("test set", colour, "-"),
        "validation_accuracy": (f"held-out {group_word(record['dataset'])}s", "white", ":"),
    }
    for (key, (label, face, line)), marker in zip(shown.items(), MARKERS, strict=False):
        x = 100 * np.array([each[key] for each in runs.values()], np.float64)
        ax.plot(x, rows, marker, color=colour, markerfacecolor=face, markersize=7, label=label)
        ax.axvline(x[0], color=colour, linewidth=0.8, linestyle=line)
    names = [
        ("" if row == 0 else "without ") + name + ("" if each["status"] == "ok" else f"\n{_ENDED[each['status']]}")
        for row, (name, each) in enumerate(runs.items())
    ]
    ax.set_yticks(rows, names)
    ax.invert_yaxis()
    ax.set_xlabel("accuracy after the same number of epochs [%]")
    figure.legend(loc="outside upper center", ncols=len(shown), frameon=False)
    tidy(ax, "x")
    return figure
