"""Accuracy on each held-out group, as a table and a figure."""

import numpy as np
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import colour_of, epoch_axis, tidy

from ..groups import group_word


def table(record: Record) -> str:
    """Accuracies as text."""
    metrics, title = record["metrics"], f"held-out {group_word(record['dataset'])}"
    lines = [f"{title:20}{'samples':>8}{'accuracy':>10}{'training':>10}{'epoch':>7}{'status':>12}"]
    for group, each in metrics["runs"].items():
        held_out, train = (
            "-" if each[key] is None else f"{each[key]:.1%}" for key in ("validation_accuracy", "train_accuracy")
        )
        lines.append(
            f"{group:20}{each['samples']:8}{held_out:>10}{train:>10}{each['kept_epoch']:7}{each['status']:>12}"
        )
    spread = "" if metrics["spread"] is None else f" ± {100 * metrics['spread']:.1f}"
    return "\n".join([*lines, f"{'mean':28}{metrics['mean']:10.1%}{spread}"])


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {
        f"speakers-{record['method']}-{record['preset'] or record['dataset']}-{record['config_hash']}.png": speakers(
            record
        )
    }


def speakers(record: Record) -> Figure:
    """Accuracy on each held-out group, epoch by epoch, and where each training ended.

    Args:
        record: of this benchmark.

    Returns:
        Two panels: thin curves for the groups and a thick one for their mean; the accuracies of the kept epochs.
    """
    runs, curves = record["metrics"]["runs"], record["samples"]
    colour, word = colour_of(record["method"]), group_word(record["dataset"])
    figure = Figure(figsize=(9, 1.8 + 0.25 * max(len(runs), 6)), layout="constrained")
    by_epoch, last = figure.subplots(1, 2, width_ratios=(3, 2))
    found = [100 * np.array(each["validation_accuracy"]) for each in curves.values() if each["validation_accuracy"]]
    for each in found:
        by_epoch.plot(np.arange(1, len(each) + 1), each, color=colour, linewidth=0.8, alpha=0.5)
    shared = min(len(each) for each in found)
    mean = np.mean([each[:shared] for each in found], axis=0)
    by_epoch.plot(np.arange(1, shared + 1), mean, color=colour, linewidth=2, label=f"mean over {word}s")
    by_epoch.set_ylabel(f"accuracy on the held-out {word} [%]")
    by_epoch.legend(frameon=False, loc="lower right")
    epoch_axis(by_epoch)
    reached = np.array([each["validation_accuracy"] for each in runs.values()], np.float64)
    last.plot(100 * reached, np.arange(len(runs)), "o", color=colour)
    last.axvline(100 * record["metrics"]["mean"], color=colour, linewidth=0.8, linestyle=":")
    last.set_yticks(range(len(runs)), [f"{word} {name}" for name in runs])
    last.invert_yaxis()
    last.set_xlabel("accuracy of the kept epoch [%]")
    tidy(by_epoch)
    tidy(last, "x")
    return figure
