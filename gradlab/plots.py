"""Figures, drawn from records and arrays only.

Nothing here opens a window or keeps a global state: a function draws on the axes that it is given, or returns a
``Figure`` of its own, and ``save`` writes it. Colours are those of Okabe and Ito, told apart by the colour-blind.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import ArrayLike
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

Record = Mapping[str, Any]

METHOD_COLOURS = {"eventprop": "#0072B2", "bptt": "#D55E00", "bptt_checkpointed": "#009E73", "bptt_scan": "#CC79A7"}
METHOD_LABELS = {
    "eventprop": "EventProp",
    "bptt": "BPTT-SG",
    "bptt_checkpointed": "BPTT-SG, checkpointed",
    "bptt_scan": "BPTT-SG, plain scan",
}
_OTHER_COLOUR = "#5A5A5A"
_QUANTITY_COLOURS = "#56B4E9", "#E69F00"
_STAGES = {
    "before": ("before training", "#999999"),
    "after_eventprop": ("after EventProp", METHOD_COLOURS["eventprop"]),
    "after_bptt": ("after BPTT-SG", METHOD_COLOURS["bptt"]),
}
_ACCURACIES: dict[str, tuple[str, dict[str, Any]]] = {
    "validation_accuracy": ("validation accuracy", {"linewidth": 1.8, "marker": "o", "markersize": 2.5}),
    "train_accuracy": ("training accuracy", {"linewidth": 1.2, "linestyle": ":"}),
}
_DPI = 150


def learning_curves(records: Sequence[Record]) -> Figure:
    """Accuracy over epochs, accuracy over training time, and loss over epochs; a line for each record.

    Args:
        records: of training runs; several of one method (seeds) share its colour.

    Returns:
        Three panels under one legend.
    """
    figure = Figure(figsize=(10, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    accuracy_curves(records, left)
    accuracy_curves(records, middle, over="seconds")
    loss_curves(records, right)
    shown: dict[str, Artist] = {}
    for ax in (left, middle, right):
        handles, labels = ax.get_legend_handles_labels()
        shown |= dict(zip(labels, handles, strict=True))
    for name, (what, style) in _ACCURACIES.items():
        if any(record["samples"].get(name) for record in records):
            shown[what] = Line2D([], [], color="black", **style)
    figure.legend(list(shown.values()), list(shown), loc="outside upper center", ncols=len(shown), frameon=False)
    return figure


def accuracy_curves(
    records: Sequence[Record], ax: Axes | None = None, over: Literal["epoch", "seconds"] = "epoch"
) -> Axes:
    """Accuracy on the validation samples (solid) and on the training samples (dotted).

    Args:
        records: with ``samples``: ``validation_accuracy`` and ``train_accuracy`` per epoch, and ``epoch_s`` [s].
        ax: where to draw; by default a new figure.
        over: the horizontal axis: epochs, or seconds of training; the latter leaves out records without times.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for record in records:
        samples, method = record["samples"], record["method"]
        for name, (_, style) in _ACCURACIES.items():
            y = 100 * _series(samples, name)
            x = np.arange(1, len(y) + 1) if over == "epoch" else np.cumsum(_series(samples, "epoch_s"))
            if len(x) == len(y):
                label = METHOD_LABELS.get(method, method) if name == "validation_accuracy" else None
                ax.plot(x, y, color=METHOD_COLOURS.get(method, _OTHER_COLOUR), label=label, **style)
    ax.set_ylabel("accuracy [%]")
    ax.set_ylim(0, 100)
    if over == "epoch":
        epoch_axis(ax)
    else:
        ax.set_xlabel("training time [s]")
        ax.set_xlim(left=0)
    return tidy(ax)


def loss_curves(records: Sequence[Record], ax: Axes | None = None) -> Axes:
    """Mean training loss over epochs.

    Args:
        records: with ``samples["train_loss"]``, one figure an epoch.
        ax: where to draw; by default a new figure.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for record in records:
        y, method = _series(record["samples"], "train_loss"), record["method"]
        label, colour = METHOD_LABELS.get(method, method), METHOD_COLOURS.get(method, _OTHER_COLOUR)
        ax.plot(np.arange(1, len(y) + 1), y, color=colour, label=label, linewidth=1.8)
    ax.set_ylabel("training loss")
    ax.set_ylim(bottom=0)
    epoch_axis(ax)
    return tidy(ax)


def raster(
    input_times: ArrayLike, input_units: ArrayLike, hidden_times: ArrayLike, hidden_units: ArrayLike, title: str
) -> Figure:
    """Spikes of one sample: input channels above, hidden neurons below, on the same time axis.

    Args:
        input_times: [s]; entries that are not finite (padding) are left out.
        input_units: index of the input channel of each.
        hidden_times: [s], padded likewise.
        hidden_units: index of the hidden neuron of each.
        title: of the figure.

    Returns:
        Two panels.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True, height_ratios=(1.3, 1))
    figure.suptitle(title, fontsize="large")
    spike_dots(input_times, input_units, panels[0], "input channel", "#333333")
    spike_dots(hidden_times, hidden_units, panels[1], "hidden neuron", METHOD_COLOURS["eventprop"])
    panels[1].set_xlabel("time [s]")
    return figure


def spike_dots(times: ArrayLike, units: ArrayLike, ax: Axes | None, label: str, colour: str) -> Axes:
    """One dot a spike, and their number above.

    Args:
        times: [s]; entries that are not finite (padding) are left out.
        units: index of the unit of each.
        ax: where to draw; by default a new figure.
        label: what a unit is.
        colour: of the dots.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    times, units = np.asarray(times, np.float64), np.asarray(units)
    spikes = np.isfinite(times)
    ax.scatter(times[spikes], units[spikes], s=3, color=colour, linewidths=0, alpha=0.8)
    ax.margins(x=0.01)
    ax.set_ylabel(label)
    ax.set_title(f"{np.count_nonzero(spikes)} spikes", fontsize="medium", loc="right")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def gradient_agreement(record: Record) -> Figure:
    """Direction and length of the surrogate gradient against the exact one, a group of bars for each parameter.

    Args:
        record: with ``metrics["agreement"][stage][parameter]`` holding ``cosine`` and ``norm_ratio``.

    Returns:
        Two panels: cosine, and ratio of the norms on a logarithmic axis.
    """
    agreement = record["metrics"]["agreement"]
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    agreement_bars(agreement, "cosine", left)
    left.set_ylabel("cosine to the exact gradient")
    left.set_ylim(min(0, *left.get_ylim()), 1.05)
    agreement_bars(agreement, "norm_ratio", right)
    right.set_ylabel("norm, surrogate / exact")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def agreement_bars(agreement: Mapping[str, Any], measure: str, ax: Axes | None = None) -> Axes:
    """Bars of one measure of agreement, grouped by parameter; what is not defined has no bar.

    Bars of the ratio of norms grow from 1, on a logarithmic axis; the others from 0.

    Args:
        agreement: ``[stage][parameter][measure]``; stages ``before``, ``after_eventprop``, ``after_bptt``.
        measure: ``"cosine"``, ``"norm_ratio"`` or ``"sign_agreement"``.
        ax: where to draw; by default a new figure.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    stages = [stage for stage in _STAGES if stage in agreement]
    parameters = list(dict.fromkeys(name for stage in stages for name in agreement[stage]))
    width = 0.8 / max(len(stages), 1)
    foot = 1.0 if measure == "norm_ratio" else 0.0
    for position, stage in enumerate(stages):
        label, colour = _STAGES[stage]
        heights = np.array([agreement[stage].get(name, {}).get(measure) for name in parameters], np.float64)
        x = np.arange(len(parameters)) + (position - (len(stages) - 1) / 2) * width
        ax.bar(x, heights - foot, width * 0.92, bottom=foot, color=colour, label=label)
    ax.axhline(foot, color="black", linewidth=0.8)
    if measure == "norm_ratio":
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    ax.set_xticks(np.arange(len(parameters)), parameters, rotation=20, ha="right")
    return tidy(ax)


def speed(record: Record) -> Figure:
    """Time of a gradient, and what is kept for its backward pass, with each method.

    Args:
        record: of the benchmark ``speed``.

    Returns:
        Two panels of bars on logarithmic axes; the times with quartiles.
    """
    figure = Figure(figsize=(10, 3), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    times = {
        name: np.quantile(_series(record["samples"], f"{name}_step_s"), (0.25, 0.5, 0.75)) for name in METHOD_LABELS
    }
    medians = {name: 1e3 * median for name, (_, median, _) in times.items()}
    method_bars(medians, left, "{:.3g} ms")
    for row, (low, _, high) in enumerate(times.values()):
        left.plot([1e3 * low, 1e3 * high], [row, row], color="black", linewidth=1.2)
    left.set_xlabel("time of a gradient [ms]")
    sizes = {name: record["metrics"][f"{name}_residual_bytes"] / 1e6 for name in METHOD_LABELS}
    method_bars(sizes, right, "{:.3g} MB")
    right.set_xlabel("kept for the backward pass [MB]")
    left.invert_yaxis()
    return figure


def method_bars(values: Mapping[str, float], ax: Axes | None, form: str) -> Axes:
    """Horizontal bars on a logarithmic axis, each with its value, from the top down.

    Args:
        values: by method, positive.
        ax: where to draw; by default a new figure.
        form: format of the value.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    lengths = list(values.values())
    bars = ax.barh(range(len(values)), lengths, 0.65, color=[METHOD_COLOURS[name] for name in values])
    ax.bar_label(bars, [form.format(x) for x in lengths], padding=6)
    ax.set_yticks(range(len(values)), [METHOD_LABELS[name] for name in values])
    ax.tick_params(axis="y", length=0)
    ax.set_xscale("log")
    # A logarithmic bar has no natural foot: a third of the shortest, so that all can be seen.
    ax.set_xlim(min(lengths) / 3, max(lengths) * 3)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    return tidy(ax, "x")


def convergence(record: Record) -> Figure:
    """Errors of the time grid against the event-driven solution, over the step, with guides of first order.

    Args:
        record: of the benchmark ``convergence``.

    Returns:
        Two panels: spike times, and what the network answers.
    """
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    samples, metrics = record["samples"], record["metrics"]
    steps = 1e3 * _series(samples, "dt_s")
    error_lines(steps, {_with_order("spike times", metrics): 1e3 * _series(samples, "spike_time_error_s")}, left)
    left.set_ylabel("mean error [ms]")
    errors = {_with_order(name, metrics): _series(samples, f"{name}_relative_error") for name in ("logits", "loss")}
    error_lines(steps, errors, right)
    right.set_ylabel("mean error, relative")
    return figure


def error_lines(steps: np.ndarray, errors: Mapping[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Errors over the step of the grid on logarithmic axes, and a guide of slope one below them.

    Args:
        steps: [ms].
        errors: by label, at most two; at each step.
        ax: where to draw; by default a new figure.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for (label, y), colour in zip(errors.items(), _QUANTITY_COLOURS, strict=False):
        ax.loglog(steps, y, color=colour, label=label, marker="o", markersize=4, linewidth=1.8)
    lowest = np.nanmin([y / steps for y in errors.values()])
    ax.loglog(steps, 0.6 * lowest * steps, color="black", linewidth=1, linestyle="--", label="first order")
    ax.set_xlabel("step of the grid [ms]")
    ax.set_xticks(steps, [f"{step:g}" for step in steps])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(frameon=False)
    return tidy(ax)


def _with_order(name: str, metrics: Mapping[str, Any]) -> str:
    """A quantity with the order that was fitted to its error."""
    order = metrics[f"order_{name.replace(' ', '_')}"]
    return name if order is None else f"{name}, order {order:.2f}"


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure; folders are created, the format follows the suffix.

    Args:
        figure: any figure of this module.
        path: such as ``"results/curves.png"``.

    Raises:
        ValueError: for a suffix that is no image format.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI)


def _axes(ax: Axes | None) -> Axes:
    """The given axes, or those of a new figure."""
    return Figure(figsize=(6, 4), layout="constrained").subplots() if ax is None else ax


def _series(samples: Mapping[str, Any], name: str) -> np.ndarray:
    """One figure an epoch; NaN where the record holds null, empty where it has no such list."""
    return np.array(samples.get(name) or [], np.float64)


def epoch_axis(ax: Axes) -> None:
    """Whole epochs as the horizontal axis."""
    ax.set_xlabel("epoch")
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def tidy(ax: Axes, across: Literal["x", "y"] = "y") -> Axes:
    """Light grid behind the data, no frame at the top and right."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=across, color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    return ax
