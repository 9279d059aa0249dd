"""The four conditions as a table and a figure."""

import numpy as np
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, colour_of, label_of, tidy

from ..ablation.figure import share


def table(record: Record) -> str:
    """A row for each method and condition; accuracies at each speed."""
    runs = record["metrics"]["runs"]
    factors = next(iter(next(iter(runs.values())).values()))["stretched"]
    heads = "".join(f"{f'x {factor}':>8}" for factor in factors)
    lines = [f"{'':22}{'constants':18}{'training':>9}{'held out':>9}{'spikes':>8}  test, times{heads}"]
    for method, conditions in runs.items():
        for condition, each in conditions.items():
            shares = f"{share(each['train_accuracy']):>9}{share(each['validation_accuracy']):>9}"
            tested = "".join(f"{share(accuracy):>8}" for accuracy in each["stretched"].values())
            spikes = f"{each['spikes_per_sample']:8,.0f}"
            lines.append(f"{label_of(method):22}{condition:18}{shares}{spikes}{'':13}{tested}")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {f"heterogeneity-{record['dataset']}-{record['config_hash']}.png": heterogeneity(record)}


def heterogeneity(record: Record) -> Figure:
    """Accuracy over the speed of the test recordings, a panel for each method, a line for each condition.

    Args:
        record: of this benchmark.

    Returns:
        Hollow markers: fixed constants; filled: trained. Dashed: equal; solid: drawn.
    """
    runs = record["metrics"]["runs"]
    figure = Figure(figsize=(4.5 * len(runs), 4), layout="constrained")
    panels = figure.subplots(1, len(runs), sharey=True, squeeze=False)[0]
    for ax, (method, conditions) in zip(panels, runs.items(), strict=True):
        for (condition, each), marker in zip(conditions.items(), MARKERS, strict=False):
            factors = np.array(list(each["stretched"]), np.float64)
            shares = 100 * np.array(list(each["stretched"].values()), np.float64)
            ax.plot(
                factors, shares, marker, color=colour_of(method), label=condition,
                linestyle="-" if condition.startswith("drawn") else "--",
                markerfacecolor=colour_of(method) if condition.endswith("trained") else "white",
            )  # fmt: skip
        ax.set_title(label_of(method))
        ax.set_xlabel("times of the test recordings, multiplied by")
        ax.legend(title="constants of neurons", frameon=False)
        tidy(ax)
    panels[0].set_ylabel("test accuracy [%]")
    return figure
