"""Many trainings side by side: the accuracy of their weights in every simulator."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, label_of, shade_of, tidy

from ..accuracy.changes import changes
from ..accuracy.checks import require
from .figure import name_of, number_or_nan

Row = Mapping[str, Any]
#: Where a record has what tells trainings apart.
_KEY = ("preset",), ("method",), ("config", "training", "rate_strength"), ("config", "training", "epochs"), ("seed",)


def summary(trainings: Sequence[Record]) -> list[Row]:
    """The last record of each preset, method, rate regularisation, number of epochs and seed, in that order.

    Args:
        trainings: records of this benchmark; those that are not of a finished training of a preset with its network
            are left out.

    Raises:
        ValueError: for a record that this version does not write.
    """
    found: dict[tuple[Any, ...], Row] = {}
    for record in trainings:
        if record.get("preset") is None or record.get("status") != "ok" or changes(record):
            continue
        key = tuple(_value(record, path) for path in _KEY)
        metrics = {name: _value(record, ("metrics", name)) for name in ("spikes_per_sample", "simulators")}
        found[key] = {path[-1]: value for path, value in zip(_KEY, key, strict=True)} | metrics
    return [found[key] for key in sorted(found)]


def _value(record: Record, path: Sequence[str]) -> Any:
    """What a record holds under keys of keys."""
    value: Any = record
    for name in path:
        require(isinstance(value, Mapping) and name in value, ".".join(path))
        value = value[name]
    return value


def accuracy_in_words(accuracy: float, away: float | None) -> str:
    """In per cent, of which share of the samples if the network runs away in some."""
    of_others = f" of {100 * (1 - away):.0f} %" if away else ""
    return "runs away" if away == 1 else f"{100 * accuracy:.1f} %{of_others}"


def summary_table(rows: Sequence[Row]) -> str:
    """In Markdown, a column for each simulator of the first training."""
    simulators = list(rows[0]["simulators"])
    heads = ["preset", "method", "rate strength", "epochs", "seed", "spikes a sample", *map(name_of, simulators)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [row["preset"], label_of(row["method"]), f"{row['rate_strength']:g}", str(row["epochs"])]
        cells += [str(row["seed"]), f"{row['spikes_per_sample']:,.0f}"]
        tested = [row["simulators"].get(name) for name in simulators]
        cells += [accuracy_in_words(each["accuracy"], each["runaway_share"]) if each else "" for each in tested]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summary_figure(rows: Sequence[Row]) -> Figure:
    """Accuracy of each training by simulator; dashed from the second rate regularisation of a method on."""
    simulators = list(rows[0]["simulators"])
    presets = list(dict.fromkeys(row["preset"] for row in rows))
    strengths = {method: sorted({row["rate_strength"] for row in rows if row["method"] == method})
                 for method in {row["method"] for row in rows}}  # fmt: skip
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    ax = figure.subplots()
    labelled = set()
    for row in rows:
        method, strength, place = row["method"], row["rate_strength"], presets.index(row["preset"])
        label = f"{row['preset']}, {label_of(method)}, {strength:g}"
        accuracies = [100 * number_or_nan(row["simulators"].get(name, {}).get("accuracy")) for name in simulators]
        ax.plot(
            range(len(simulators)), accuracies, color=shade_of(method, place), marker=MARKERS[place],
            linestyle="--" if strengths[method].index(strength) else "-", linewidth=0.9, alpha=0.8,
            label="_" if label in labelled else label,
        )  # fmt: skip
        labelled.add(label)
    ax.set_xticks(range(len(simulators)), [name_of(name) for name in simulators], rotation=20, ha="right")
    ax.set_ylim(0, 101)
    ax.set_ylabel("accuracy on the test set [%],\nof samples that do not run away")
    figure.legend(loc="outside right center", frameon=False, title="preset, trained by, rate strength")
    tidy(ax)
    return figure
