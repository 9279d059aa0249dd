"""Accuracy with and without noise, as a table and a figure."""

import math

from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import colour_of, label_of, tidy

_ROWS = {
    "accuracy_without_noise": "accuracy without noise",
    "accuracy": "of a trial with noise",
    "deviation": "  its deviation between trials",
    "expected_accuracy": "of the answer expected over trials",
}


def table(record: Record) -> str:
    """Accuracies, spikes and Fano factor."""
    found = record["metrics"]
    fano = math.nan if found["fano_factor"] is None else found["fano_factor"]
    return "\n".join([
        *(f"{label:36}{found[name]:10.1%}" for name, label in _ROWS.items()),
        f"{'spikes a sample, without noise':36}{found['spikes_per_sample_without_noise']:10.1f}",
        f"{'  with noise':36}{found['spikes_per_sample']:10.1f}",
        f"{'Fano factor of spike counts':36}{fano:10.2f}",
    ])  # fmt: skip


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    what = record["preset"] or record["dataset"]
    return {f"trials-{record['method']}-{what}-seed{record['seed']}-{record['config_hash']}.png": trials(record)}


def trials(record: Record) -> Figure:
    """Accuracies of the single trials, and lines for that without noise and that of the expected answer.

    Args:
        record: of this benchmark.
    """
    found, each = record["metrics"], record["samples"]["accuracies"]
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    ax = figure.subplots()
    ax.plot(range(1, len(each) + 1), [100 * x for x in each], "o", color=colour_of(record["method"]), label="one trial")
    ax.axhline(100 * found["expected_accuracy"], color="black", label="answer expected over trials")
    ax.axhline(100 * found["accuracy_without_noise"], color="black", linestyle="--", label="without noise")
    ax.set_xlabel("trial")
    ax.set_ylabel("test samples [%]")
    ax.set_title(f"accuracy of weights trained by {label_of(record['method'])}")
    ax.legend(frameon=False, fontsize="small")
    tidy(ax)
    return figure
