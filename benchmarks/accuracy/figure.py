"""Accuracies of all presets as a table and a figure."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, label_of, shade_of, tidy

from ..groups import group_word
from ..transfer.summary import summary_figure, summary_table

# What each is called, its marker and the size of that; {} is what a group is called.
_ACCURACIES = {
    "test_accuracy": ("test set", "o", 8),
    "test_accuracy_unseen_groups": ("unseen {}s", "v", 5),
    "test_accuracy_known_groups": ("known {}s", "^", 5),
    "train_accuracy": ("training", "|", 10),
}
_COLUMNS = (
    "preset", "method", "rate strength", "seeds", "test", "unseen", "known", "training", "transfer", "epochs",
    "s an epoch", "spikes a sample", "parameters", "bytes kept",
)  # fmt: skip


def _share(value: float | None, spread: float | None = None) -> str:
    """In per cent; empty for None."""
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if spread is None else f"{100 * value:.1f} ± {100 * spread:.1f} %"


def _strength(row: Record) -> str:
    """Of the rate regularisation."""
    return f"{row['rate_strength']:g}"


def table(record: Record) -> str:
    """Rows in Markdown, with the baseline below them; then controls, and the weights in every simulator, if known."""
    found, linear = record["metrics"]["rows"], record["metrics"]["linear"]
    lines = [*_head(_COLUMNS), *map(_line, found)]
    if linear is not None:
        cells = [_share(linear[name]) for name in _ACCURACIES]
        rest = ["", "", "", "", f"{linear['parameters']:,}", ""]
        lines.append("| " + " | ".join(["linear baseline", "", "", "", *cells, *rest]) + " |")
    if controls := record["metrics"].get("controls"):
        lines += ["", *_head(("changed", *_COLUMNS)), *(f"| `{row['changed']}` {_line(row)}" for row in controls)]
    if transfer := record["metrics"].get("transfer"):
        lines += ["", summary_table(transfer)]
    return "\n".join(lines)


def _head(columns: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]


def _line(row: Record) -> str:
    test, *others = _ACCURACIES
    cells = [
        row["preset"],
        label_of(row["method"]),
        _strength(row),
        str(len(row["seeds"])),
        _share(row[test], row["spread"]),
    ]
    cells += [_share(row[name]) for name in others]
    cells += [row["transfer"], str(row["epochs"]), f"{row['epoch_s']:.0f}"]
    cells += [f"{row[name]:,.0f}" for name in ("spikes_per_sample", "parameters", "residual_bytes")]
    return "| " + " | ".join(cells) + " |"


def figures(record: Record) -> dict[str, Figure]:
    """Each figure, by its file name."""
    drawn = {"accuracy.png": accuracy(record), "accuracy-over-spikes.png": accuracy_over_spikes(record)}
    for preset in dict.fromkeys(row["preset"] for row in record["metrics"].get("controls", [])):
        drawn[f"controls-{preset}.png"] = accuracy(record, preset)
    if transfer := record["metrics"].get("transfer"):
        drawn["transfer.png"] = summary_figure(transfer)
    return drawn


def accuracy(record: Record, controlled: str | None = None) -> Figure:
    """Accuracies of each preset, method and rate strength, each strength of a method in a shade of its own.

    A dotted line is the linear baseline on the test set.

    Args:
        record: of this benchmark.
        controlled: a preset, to show it and its controls; by default all presets, without controls.
    """
    found, linear = record["metrics"]["rows"], record["metrics"]["linear"]
    if controlled is not None:
        found = [row for row in [*found, *record["metrics"]["controls"]] if row["preset"] == controlled]
    figure = Figure(figsize=(8, 1.3 + 0.42 * len(found)), layout="constrained")
    ax = figure.subplots()
    for place, row in enumerate(found):
        strengths = sorted({other["rate_strength"] for other in found if other["method"] == row["method"]})
        colour = shade_of(row["method"], strengths.index(row["rate_strength"]))
        for name, (_, marker, size) in _ACCURACIES.items():
            if row[name] is not None:
                ax.plot(100 * row[name], place, marker, color=colour, markersize=size, linestyle="")
        if row["spread"] is not None:
            x, bar = 100 * row["test_accuracy"], 100 * row["spread"]
            ax.errorbar(x, place, xerr=bar, color=colour, capsize=3)
    shown = [
        Line2D([], [], color="black", linestyle="", marker=marker, label=label.format(group_word(record["dataset"])))
        for name, (label, marker, _) in _ACCURACIES.items()
        if any(row[name] is not None for row in found)
    ]
    if linear is not None:
        x = 100 * linear["test_accuracy"]
        shown.append(ax.axvline(x, color="black", linestyle=":", linewidth=1, label="linear baseline"))
    which = [
        f"{row['preset']}, " if controlled is None else f"{row['changed'] or f'preset {controlled}'}\n" for row in found
    ]
    how = [f"{label_of(row['method'])}, {_strength(row)}, {row['epochs']} epochs" for row in found]
    names = [first + rest for first, rest in zip(which, how, strict=True)]
    ax.set_yticks(range(len(found)), names)
    ax.invert_yaxis()
    ax.set_xlabel(f"accuracy on {record['dataset'].upper()} [%]")
    figure.legend(handles=shown, loc="outside upper center", ncols=len(shown), frameon=False)
    tidy(ax, "x")
    return figure


def accuracy_over_spikes(record: Record) -> Figure:
    """Accuracy on the test set over the spikes that it took; a line joins all trainings of a preset and method.

    Args:
        record: of this benchmark.
    """
    found = record["metrics"]["rows"]
    presets = list(dict.fromkeys(row["preset"] for row in found))
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    ax = figure.subplots()
    for preset, method in dict.fromkeys((row["preset"], row["method"]) for row in found):
        alike = [row for row in found if (row["preset"], row["method"]) == (preset, method)]
        alike.sort(key=lambda row: row["spikes_per_sample"])
        spread, place = [100 * (row["spread"] or 0) for row in alike], presets.index(preset)
        ax.errorbar(
            [row["spikes_per_sample"] for row in alike], [100 * row["test_accuracy"] for row in alike], spread,
            color=shade_of(method, place), marker=MARKERS[place % len(MARKERS)], linewidth=0.8, capsize=3,
            label=f"{preset}, {label_of(method)}",
        )  # fmt: skip
    figure.legend(loc="outside right center", frameon=False)
    ax.set_xlim(0)
    ax.set_xlabel("hidden spikes a sample")
    ax.set_ylabel(f"accuracy on the test set of {record['dataset'].upper()} [%]")
    tidy(ax, "both")
    return figure
