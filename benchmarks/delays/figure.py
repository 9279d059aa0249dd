"""Accuracy with each kind of delays as a table and a figure."""

from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import colour_of, label_of, tidy

from ..ablation.figure import share
from ..transfer.figure import number_or_nan

_MARKERS = {"test_accuracy": "o", "validation_accuracy": "v"}
_COLUMNS = "train_accuracy", "validation_accuracy", "test_accuracy"


def table(record: Record) -> str:
    """A row for each method and kind."""
    lines = [f"{'':22}{'delays':30}{'training':>9}{'held out':>9}{'test':>8}{'spikes':>8}{'status':>12}"]
    for method, kinds in record["metrics"]["runs"].items():
        for kind, each in kinds.items():
            train, held_out, test = (share(each[key]) for key in _COLUMNS)
            spikes = f"{each['spikes_per_sample']:8,.0f}{each['status']:>12}"
            lines.append(f"{label_of(method):22}{kind:30}{train:>9}{held_out:>9}{test:>8}{spikes}")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {f"delays-{record['dataset']}-{record['config_hash']}.png": delays(record)}


def delays(record: Record) -> Figure:
    """Accuracy with each kind of delays.

    Args:
        record: of this benchmark.

    Returns:
        A panel for each method, a row for each kind; filled: trained delays, hollow: frozen at their initial values.
        Circles: the test set, triangles: held-out groups, if there are any.
    """
    runs = record["metrics"]["runs"]
    figure = Figure(figsize=(4.5 * len(runs) + 1, 3.2), layout="constrained")
    panels = figure.subplots(1, len(runs), sharex=True, squeeze=False)[0]
    for ax, (method, found) in zip(panels, runs.items(), strict=True):
        kinds = list(dict.fromkeys(name.removesuffix(", frozen").removesuffix(", trained") for name in found))
        for name, each in found.items():
            kind, _, how = name.partition(", ")
            face = "white" if how == "frozen" else colour_of(method)
            for data, marker in _MARKERS.items():
                accuracy = 100 * number_or_nan(each[data])
                ax.plot(
                    accuracy, kinds.index(kind), marker, color=colour_of(method), markerfacecolor=face, markersize=7
                )
        ax.set_yticks(range(len(kinds)), kinds)
        ax.invert_yaxis()
        ax.set_title(f"{label_of(method)}; hollow: frozen")
        ax.set_xlabel("accuracy [%]; circles: test set, triangles: held out")
        tidy(ax, "x")
    return figure
