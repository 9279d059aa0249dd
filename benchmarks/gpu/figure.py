"""Tables of all parts, and a figure of the times."""

from typing import Any

from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import tidy

from ..contestants import CONTESTANTS
from .gradients import label_of

Row = dict[str, Any]


def table(record: Record) -> str:
    """A row for each of the record, in Markdown: what it is of, and its figures."""
    part = record["metrics"]["part"]
    rows = record["samples"][part]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = [f"{part}, {record['metrics']['device']}", "", f"| {' | '.join(keys)} |", "|---" * len(keys) + "|"]
    lines += [f"| {' | '.join(_in_words(row.get(key, '')) for key in keys)} |" for row in rows]
    return "\n".join(lines)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return f"{max(value.values(), default=0.0):.2g}"  # the worst of several
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def figures(record: Record) -> dict[str, Figure]:
    """The figure of the times, by its file name; none of other parts."""
    rows = record["samples"].get("times")
    return {} if rows is None else {"gpu-times.png": over_sizes(rows, record["config"])}


def over_sizes(rows: list[Row], config: Row) -> Figure:
    """Median time of a gradient over the batch, and over the neurons."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for ax, swept, fixed in zip(panels, ("batch_size", "hidden"), ("hidden", "batch_size"), strict=True):
        for line in dict.fromkeys(row["line"] for row in rows):
            own = [row for row in rows if row["line"] == line and row[fixed] == config[fixed] and "median_s" in row]
            own.sort(key=lambda row: row[swept])
            colour = CONTESTANTS[line if line in CONTESTANTS else "eventprop"].colour
            ax.loglog(
                [row[swept] for row in own], [1e3 * row["median_s"] for row in own], color=colour, marker="o",
                markersize=4, linestyle="--" if line.endswith("_xla") else "-", label=label_of(line),
            )  # fmt: skip
        ax.set_xlabel(swept.replace("_", " ").replace("hidden", "hidden neurons"))
        tidy(ax)
    panels[0].set_ylabel("time of a gradient [ms]")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    return figure
