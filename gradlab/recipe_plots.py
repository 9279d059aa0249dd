"""Figures about the recipe: trained constants, initial weights, and what each ingredient adds."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .constants import QUANTILES
from .plots import METHOD_COLOURS, METHOD_LABELS, Record, epoch_axis, tidy

_CONSTANTS = {
    "tau_mem": ("membrane time constant [ms]", 1e3),
    "tau_syn": ("synaptic time constant [ms]", 1e3),
    "threshold": ("threshold", 1.0),
}
_MARKERS = "o", "s", "^"
_ENDED = {"overflow": "(ran away)", "diverged": "(diverged)"}
_ABLATION = {"test_accuracy": "test set", "validation_accuracy": "held-out speakers"}


def constants(record: Record) -> Figure:
    """Distribution of each trained constant over the neurons of each hidden layer, epoch by epoch.

    Args:
        record: of a training, with ``samples["tau_mem_quantiles"]`` and so on, ``[epoch][layer][quantile]``.

    Returns:
        A row of panels for each layer: the median, and bands between the quantiles.
    """
    values = {name: np.array(record["samples"][f"{name}_quantiles"], np.float64) for name in _CONSTANTS}
    layers = values["tau_mem"].shape[1]
    figure = Figure(figsize=(10, 0.7 + 2.6 * layers), layout="constrained")
    rows = figure.subplots(layers, len(_CONSTANTS), squeeze=False)
    colour, middle = METHOD_COLOURS[record["method"]], len(QUANTILES) // 2
    for layer, row in enumerate(rows):
        for (name, (label, unit)), ax in zip(_CONSTANTS.items(), row, strict=True):
            of_layer = unit * values[name][:, layer]
            epochs = np.arange(1, len(of_layer) + 1)
            for k in range(middle):
                band = f"{QUANTILES[k]:.0%} to {QUANTILES[-1 - k]:.0%}"
                ax.fill_between(
                    epochs, of_layer[:, k], of_layer[:, -1 - k], color=colour, alpha=0.2 * (k + 1), lw=0, label=band
                )
            ax.plot(epochs, of_layer[:, middle], color=colour, linewidth=1.8, label="median")
            ax.set_ylabel(label if layers == 1 else f"{label}, layer {layer + 1}")
            epoch_axis(ax)
            tidy(ax)
    handles, labels = rows[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def initialisation(record: Record) -> Figure:
    """Untrained networks: rates and silent neurons by layer, gradient norms by weight matrix.

    Args:
        record: of the benchmark ``initialisation``.

    Returns:
        Three panels: a colour for each method, a marker for each initialiser; norms as median and range of the batches.
    """
    found = record["metrics"]
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    rates, silent, norms = figure.subplots(1, 3, width_ratios=(1, 1, 2))
    series = [(initialiser, method) for initialiser in found for method in found[initialiser]]
    for number, (initialiser, method) in enumerate(series):
        values, shift = found[initialiser][method], 0.8 * ((number + 0.5) / len(series) - 0.5)
        look = {"color": METHOD_COLOURS[method], "marker": _MARKERS[list(found).index(initialiser)], "linestyle": ""}
        places = np.arange(len(values["rate_hz"])) + shift
        rates.plot(places, values["rate_hz"], **look)
        silent.plot(places, 100 * np.array(values["silent_fraction"]), **look)
        for place, each in enumerate(values["gradient_norms"].values()):
            x = place + shift
            norms.plot([x, x], [np.min(each), np.max(each)], color=look["color"], linewidth=1)
            norms.plot(x, np.median(each), **look)
    layers = [f"layer {k + 1}" for k in range(len(values["rate_hz"]))]
    for ax, names in ((rates, layers), (silent, layers), (norms, list(values["gradient_norms"]))):
        ax.set_xticks(range(len(names)), names, rotation=0 if names is layers else 20)
        ax.set_xlim(-0.5, len(names) - 0.5)
        tidy(ax)
    rates.set_ylabel("mean rate [Hz]")
    silent.set_ylabel("neurons without a spike [%]")
    silent.set_ylim(-3, 103)
    norms.set_ylabel("norm of the gradient of a batch")
    norms.set_yscale("log")
    methods = [Line2D([], [], color=METHOD_COLOURS[m], linewidth=4, label=METHOD_LABELS[m]) for m in found[initialiser]]
    kinds = [
        Line2D([], [], color="black", marker=m, linestyle="", label=i) for i, m in zip(found, _MARKERS, strict=False)
    ]
    figure.legend(handles=[*methods, *kinds], loc="outside upper center", ncols=len(methods + kinds), frameon=False)
    return figure


def ablation(record: Record) -> Figure:
    """Accuracy with the whole recipe and without each ingredient, on held-out speakers and on the test set.

    Args:
        record: of the benchmark ``ablation``.

    Returns:
        One panel, a row for each training; a line marks the whole recipe. A training that ended early says so; its
        accuracies are those of its last whole epoch.
    """
    runs = record["metrics"]["runs"]
    figure = Figure(figsize=(7, 1.2 + 0.4 * len(runs)), layout="constrained")
    ax = figure.subplots()
    rows = np.arange(len(runs))
    for (key, label), marker in zip(_ABLATION.items(), _MARKERS, strict=False):
        x = np.array([100 * (each[key] if each[key] is not None else np.nan) for each in runs.values()])
        colour = METHOD_COLOURS[record["method"]]
        face = colour if key == "test_accuracy" else "white"
        ax.plot(x, rows, marker, color=colour, markerfacecolor=face, markersize=7, label=label)
        ax.axvline(x[0], color=colour, linewidth=0.8, linestyle="-" if key == "test_accuracy" else ":")
    names = [
        ("" if row == 0 else "without ") + name + ("" if each["status"] == "ok" else f"\n{_ENDED[each['status']]}")
        for row, (name, each) in enumerate(runs.items())
    ]
    ax.set_yticks(rows, names)
    ax.invert_yaxis()
    ax.set_xlabel("accuracy after the same number of epochs [%]")
    figure.legend(loc="outside upper center", ncols=len(_ABLATION), frameon=False)
    tidy(ax, "x")
    return figure


def speakers(record: Record) -> Figure:
    """Accuracy on each held-out speaker, epoch by epoch, and where each training ended.

    Args:
        record: of the benchmark ``speakers``.

    Returns:
        Two panels: thin curves for the speakers and a thick one for their mean; the accuracies of the kept epochs.
    """
    runs, curves = record["metrics"]["runs"], record["samples"]
    colour = METHOD_COLOURS[record["method"]]
    figure = Figure(figsize=(9, 1.8 + 0.25 * max(len(runs), 6)), layout="constrained")
    by_epoch, last = figure.subplots(1, 2, width_ratios=(3, 2))
    found = [100 * np.array(each["validation_accuracy"]) for each in curves.values() if each["validation_accuracy"]]
    for each in found:
        by_epoch.plot(np.arange(1, len(each) + 1), each, color=colour, linewidth=0.8, alpha=0.5)
    shared = min(len(each) for each in found)
    mean = np.mean([each[:shared] for each in found], axis=0)
    by_epoch.plot(np.arange(1, shared + 1), mean, color=colour, linewidth=2, label="mean over speakers")
    by_epoch.set_ylabel("accuracy on the held-out speaker [%]")
    by_epoch.legend(frameon=False, loc="lower right")
    epoch_axis(by_epoch)
    reached = [np.nan if each["validation_accuracy"] is None else each["validation_accuracy"] for each in runs.values()]
    last.plot(100 * np.array(reached), np.arange(len(runs)), "o", color=colour)
    last.axvline(100 * record["metrics"]["mean"], color=colour, linewidth=0.8, linestyle=":")
    last.set_yticks(range(len(runs)), [f"speaker {name}" for name in runs])
    last.invert_yaxis()
    last.set_xlabel("accuracy of the kept epoch [%]")
    tidy(by_epoch)
    tidy(last, "x")
    return figure
