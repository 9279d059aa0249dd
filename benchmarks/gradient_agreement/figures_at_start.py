"""Figures of gradients before training."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from gradlab.command import Record
from gradlab.methods import BPTT
from gradlab.reporting.style import label_of, tidy

from .drawing import PARAMETERS, READOUT, cosine_axis, leaf_value, plain_numbers
from .problem import EXACT, SMOOTH


def _neurons(row: Record, name: str) -> list[float]:
    """10th percentile, median and 90th percentile of the cosines of single neurons."""
    found: list[float] = row["parameters"].get(f"layers.0.{name}", {}).get("neurons", [float("nan")] * 3)
    return found


def surrogates(record: Record) -> Figure:
    """Direction and length over the slope of SuperSpike, with and without the reset; and other shapes and scales.

    The last panel also shows the neurons: median, and the range from the 10th to the 90th percentile.

    Args:
        record: with ``samples["surrogates"]``.
    """
    rows = record["samples"]["surrogates"]
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    slopes = [row for row in rows if row["name"] == "superspike" and row["scale"] == 1]
    for name, (label, colour) in PARAMETERS.items():
        for reset, style in ((True, "o-"), (False, "s--")):
            own = sorted((row for row in slopes if row["reset"] == reset), key=lambda row: row["slope"])
            x, text = [row["slope"] for row in own], "" if reset else ", reset detached"
            left.plot(x, [leaf_value(row, name) for row in own], style, color=colour, label=label + text)
            middle.plot(x, [leaf_value(row, name, "norm_ratio") for row in own], style, color=colour)
    middle.set_yscale("log")
    middle.axhline(1, color="black", linewidth=0.8)
    plain_numbers(middle.yaxis)
    middle.set_ylabel("length, surrogate / exact")
    for ax in (left, middle):
        ax.set_xscale("log")
        plain_numbers(ax.xaxis)
        ax.set_xlabel("slope of SuperSpike [1 / threshold]")
    left.legend(frameon=False, fontsize="small", loc="center right", bbox_to_anchor=(1, 0.35))
    others = [row for row in rows if row["reset"] and row["slope"] == 10]
    labels = [row["name"] + ("" if row["scale"] == 1 else f"\nscale {row['scale']:g}") for row in others]
    for position, (name, (_, colour)) in enumerate(PARAMETERS.items()):
        places = np.arange(len(others)) + (position - 0.5) * 0.38
        right.bar(places, [leaf_value(row, name) for row in others], 0.36, color=colour, alpha=0.6)
        for place, row in zip(places, others, strict=True):
            low, middle_, high = _neurons(row, name)
            right.plot([place, place], [low, high], color="black", linewidth=1)
            right.plot(place, middle_, "o", color="black", markersize=3)
    right.set_xticks(range(len(others)), labels, fontsize="small", rotation=30)
    left.set_title("direction", fontsize="medium")
    middle.set_title("length", fontsize="medium")
    right.set_title("direction, slope 10; black: single neurons", fontsize="medium")
    cosine_axis(left)
    cosine_axis(right)
    tidy(middle)
    return figure


def methods(record: Record) -> Figure:
    """Direction and length of every method's gradient; one that is zero has no direction.

    Args:
        record: with ``samples["methods"]``.
    """
    rows = record["samples"]["methods"]
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = {"w_in": PARAMETERS["w_in"], "w_rec": PARAMETERS["w_rec"], "w": READOUT}
    for position, (name, (label, colour)) in enumerate(shown.items()):
        places = np.arange(len(rows)) + (position - 1) * 0.27
        left.bar(places, [leaf_value(row, name) for row in rows], 0.25, color=colour, label=label)
        right.bar(places, [leaf_value(row, name, "norm_ratio") for row in rows], 0.25, color=colour)
    cosine_axis(left)
    left.legend(frameon=False, fontsize="small")
    right.axhline(1, color="black", linewidth=0.8)
    right.set_ylabel("length, to that of the exact gradient")
    for ax in (left, tidy(right)):
        ax.set_xticks(range(len(rows)), [label_of(row["method"]) for row in rows], fontsize="small", rotation=20)
    return figure


def steps(record: Record) -> Figure:
    """Cosine and length as the step of the grid goes to zero.

    Args:
        record: with ``samples["steps"]``.
    """
    rows = record["samples"]["steps"]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    ordered = sorted(rows, key=lambda row: float(row["dt"]))

    def line(kind: str, name: str, style: str, **look: Any) -> None:
        own = [row for row in ordered if row["kind"] == kind]
        x = [1e3 * row["dt"] for row in own]
        left.plot(x, [leaf_value(row, name) for row in own], style, markersize=4, **look)
        right.loglog(x, [leaf_value(row, name, "norm_ratio") for row in own], style, markersize=4, **look)

    styles = {
        "fixed": ("o-", "slope 10"),
        "reset detached": ("s--", "slope 10, reset detached"),
        "steeper": ("^:", "slope growing as 1/sqrt(dt)"),
    }
    for kind, (style, text) in styles.items():
        for name, (label, colour) in PARAMETERS.items():
            line(kind, name, style, color=colour, label=f"{label}, {text}")
    for position, shape in enumerate(sorted({row["kind"] for row in rows} - set(styles))):
        label = "_" if position else "input weights, other shapes"
        line(shape, "w_in", "-", color="black", linewidth=0.6, alpha=0.6, label=label)
    line("fixed", "w", "o-", color=READOUT[1], label=READOUT[0])
    left.set_xscale("log")
    right.set_ylabel("length, surrogate / exact")
    cosine_axis(left)
    tidy(right)
    ticks = sorted({1e3 * row["dt"] for row in rows})
    for ax in (left, right):
        ax.set_xlabel("step of the grid [ms]")
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.xaxis.set_minor_formatter(NullFormatter())
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize="small"
    )
    figure.suptitle("A finer grid makes the surrogate longer, not truer")
    return figure


def networks(record: Record) -> Figure:
    """Cosine over properties of the network, a panel each.

    Args:
        record: with ``samples["networks"]``.
    """
    rows = record["samples"]["networks"]
    kinds = list(dict.fromkeys(row["of"] for row in rows))
    figure = Figure(figsize=(3 * len(kinds), 3.6), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(kinds), sharey=True))
    for ax, kind in zip(panels, kinds, strict=True):
        own = [row for row in rows if row["of"] == kind]
        for name, (label, colour) in PARAMETERS.items():
            ax.plot(
                range(len(own)), [leaf_value(row, name) for row in own], "o-", color=colour, label=label, markersize=5
            )
        rates = ["runs away" if row["rate_hz"] is None else f"{row['rate_hz']:.0f} Hz" for row in own]
        values = [str(row["value"]).removesuffix("-driven") for row in own]
        ticks = [f"{value}\n{rate}" for value, rate in zip(values, rates, strict=True)]
        ax.set_xticks(range(len(own)), ticks, fontsize="small")
        ax.set_xlim(-0.4, len(own) - 0.6)
        ax.set_title(kind, fontsize="medium")
        cosine_axis(ax).set_ylabel("")
    panels[0].set_ylabel("cosine to the exact gradient")
    panels[0].legend(frameon=False, fontsize="small")
    return figure


def noise(record: Record) -> Figure:
    """One batch's gradients against the mean exact gradient of the other batches, and against each other.

    Args:
        record: with ``samples["noise"]``.
    """
    found = record["samples"]["noise"]
    figure = Figure(figsize=(9, 4), layout="constrained")
    ax = figure.subplots()
    bars = {
        "cosine_exact": ("exact, to other batches", EXACT.colour),
        "cosine_other": ("surrogate, to exact of other batches", "#F0B58A"),
        "cosine_same": ("surrogate, to exact of the same batch", BPTT.colour),
        "smoothed cosine_other": ("smoothed, to exact of other batches", "#8FD6D6"),
        "smoothed cosine_same": ("smoothed, to exact of the same batch", SMOOTH.colour),
    }
    names = {"layers.0.w_in": "input weights", "layers.0.w_rec": "recurrent weights", "readout.w": "readout weights"}
    # Older records lack the smoothed gradient.
    smoothed = {name: found[name].get("smoothed", {}) for name in names}
    found = {name: found[name] | {f"smoothed {key}": x for key, x in smoothed[name].items()} for name in names}
    bars = {measure: each for measure, each in bars.items() if all(measure in row for row in found.values())}
    for position, (measure, (label, colour)) in enumerate(bars.items()):
        heights = np.array([found[name][measure] for name in names], np.float64)
        place = np.arange(len(names)) + 0.8 * (position - (len(bars) - 1) / 2) / len(bars)
        drawn = ax.bar(place, heights, 0.74 / len(bars), color=colour, label=label)
        ax.bar_label(drawn, fmt="{:.2f}", fontsize="small", padding=2)
    ax.set_xticks(range(len(names)), names.values())
    cosine_axis(ax).set_ylabel("cosine")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize="small")
    return figure
