"""Figures of what gradients are good for: steps, trainings, and loops in weight space."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.methods import BPTT
from gradlab.reporting.style import GREY, tidy

from .drawing import METHODS, PARAMETERS, cosine_axis, leaf_value, plain_numbers
from .problem import EXACT, SMOOTH, Rows

_FLOOR = 1e-17  # [loss]; sums below it are rounding, drawn here


def _methods_of(rows: Rows) -> list[Any]:
    """Those that have rows."""
    return [method for method in METHODS if any(row["method"] == method.name for row in rows)]


def usefulness(record: Record) -> Figure:
    """Change of the loss along each gradient of the hidden weights, and the part that the exact gradient accounts for.

    Args:
        record: with ``samples["usefulness"]``.
    """
    rows, lengths = record["samples"]["usefulness"], record["config"]["lengths"]
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    *panels, right = figure.subplots(1, 3)
    for ax, place in zip(panels, ("same", "held out"), strict=True):
        for method in _methods_of(rows):
            changes = np.array([row["curves"][place] for row in rows if row["method"] == method.name], np.float64)
            ax.plot(lengths, changes.T, color=method.colour, linewidth=0.6, alpha=0.4)
            ax.plot(lengths, changes.mean(0), "o-", color=method.colour, linewidth=2, label=f"along {method.label}")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_xscale("log")
        plain_numbers(ax.xaxis)
        ax.set_title(f"{place.replace(' ', '-')} batch", fontsize="medium")
        ax.set_xlabel("length of the step [threshold]")
        ax.set_ylabel("change of the loss")
        tidy(ax)
    panels[0].legend(frameon=False)
    parts = {"change": ("of the loss", GREY), "seen": ("seen by the exact gradient", EXACT.colour)}
    for shift, (key, (label, colour)) in zip((-0.2, 0.2), parts.items(), strict=True):
        means = [np.mean([row[key] for row in rows if row["method"] == method.name]) for method in _methods_of(rows)]
        bars = right.bar(np.arange(len(means)) + shift, means, 0.36, color=colour, label=label)
        right.bar_label(bars, fmt="{:.4f}", fontsize="small", padding=2)
    right.set_xticks(range(len(means)), [f"step along\n{method.label}" for method in _methods_of(rows)])
    right.set_title(f"same batch, step of length {lengths[len(lengths) // 2]:g}", fontsize="medium")
    right.set_ylabel("change")
    right.margins(y=0.25)
    right.legend(frameon=False, loc="lower center", ncols=2, fontsize="small")
    right.axhline(0, color="black", linewidth=0.8)
    tidy(right)
    return figure


def training(record: Record) -> Figure:
    """Along a training with each gradient: agreement, activity, loss, and the way through weight space.

    Args:
        record: with ``samples["training"]``.

    Returns:
        Cosine, batches on which the surrogate points uphill, rates; losses, distances, and the final weights on finer
        grids. A colour is a training.
    """
    found = record["samples"]["training"]
    figure = Figure(figsize=(13, 7.4), layout="constrained")
    (cosines, uphill, rates), (losses, ways, refined) = figure.subplots(2, 3)
    for method in _methods_of(found["rows"]):
        own = [row for row in found["rows"] if row["method"] == method.name]
        epochs = [row["epoch"] for row in own]

        def line(
            ax: Axes, values: list[Any], style: str, text: str, epochs: Any = epochs, method: Any = method
        ) -> None:
            label, y = f"{method.label} training, {text}", np.array(values, np.float64)
            ax.plot(epochs, y, style, color=method.colour, label=label, markersize=4)

        for name, style in (("w_in", "o-"), ("w_rec", "s--")):
            text = PARAMETERS[name][0]
            line(cosines, [leaf_value(row, name, "cosine_same") for row in own], style, text)
            line(uphill, [100 * leaf_value(row, name, "uphill") for row in own], style, text)
        for end, style, text in (("", "o-", "continuous time"), ("_grid", "s--", "grid of 1 ms")):
            line(rates, [row[f"rate{end}_hz"] for row in own], style, text)
            line(losses, [row[f"loss{end}"] for row in own], style, text)
        line(ways, [row["distance"] for row in own], "o-", "to the start")
        _draw_refined(refined, [row for row in found["refined"] if row["method"] == method.name], method.colour)
        if method.name != EXACT.name:
            line(ways, [row["apart"] for row in own], "^:", f"to {EXACT.label}'s")
    for ax, text in {
        uphill: "surrogate points uphill [% of batches]", rates: "rate of the hidden neurons [Hz]",
        losses: "loss", ways: "distance in weight space", refined: "loss of the final weights",
    }.items():  # fmt: skip
        ax.set_ylabel(text)
    for ax in (cosines, uphill, rates, losses, ways):
        ax.set_xlabel("epoch")
    uphill.set_ylim(-2, max(20, uphill.get_ylim()[1]))
    cosine_axis(cosines)
    for ax in (uphill, rates, losses, ways, refined):
        tidy(ax)
    for ax in (cosines, rates, ways):
        ax.legend(frameon=False, fontsize="small")
    return figure


def _draw_refined(ax: Axes, ends: list[Record], colour: str) -> None:
    """Losses of one network in continuous time and on several grids."""
    losses = np.array([row["loss"] for row in ends], np.float64)
    ax.plot(range(len(ends)), losses, "o-", color=colour)
    for place in np.flatnonzero(np.isnan(losses)).tolist():
        ax.text(place, 0.95, "runs away", color=colour, rotation=90, ha="center", va="top",
                transform=ax.get_xaxis_transform())  # fmt: skip
    simulators = [row["simulator"] for row in ends]
    ax.set_xticks(range(len(simulators)), [s if s == "continuous" else f"{1e3 * float(s):g} ms" for s in simulators])
    ax.set_xlabel("the same weights in continuous time and on grids")


def loops(record: Record) -> Figure:
    """What is left when a gradient is summed up around closed loops in weight space, over their radius.

    Args:
        record: with ``samples["loops"]``.
    """
    rows = record["samples"]["loops"]
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    ax = figure.subplots()
    radii = np.array([row["radius"] for row in rows])
    smooth = np.array([not row["jumps"] for row in rows])
    left_over = np.maximum([row["residual"] for row in rows], _FLOOR)
    marks = dict(zip(sorted(rows[0][BPTT.name], key=float), "v^sDP", strict=False))
    for slope, mark in marks.items():
        values = [abs(row[BPTT.name][slope]) for row in rows]
        ax.plot(radii, values, mark, color=BPTT.colour, alpha=0.6, label=f"{BPTT.label}, slope {slope}")
    if SMOOTH.name in rows[0]:  # older records lack it
        values = [abs(row[SMOOTH.name]) for row in rows]
        ax.plot(radii, values, "X", color=SMOOTH.colour, alpha=0.6, label=SMOOTH.label)
    exact: dict[str, Any] = {"color": EXACT.colour, "linestyle": ""}
    label = f"{EXACT.label} plus jumps of the loss"
    ax.plot(radii[~smooth], left_over[~smooth], marker="D", mfc="white", label=label, **exact)
    ax.plot(radii[smooth], left_over[smooth], marker="o", label=f"{EXACT.label}, no spike comes or goes", **exact)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("radius of the loop [threshold]")
    ax.set_ylabel("|sum around the loop| [loss]")
    ax.set_title("Back at the same weights: the exact gradient adds up to zero", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    tidy(ax)
    return figure
