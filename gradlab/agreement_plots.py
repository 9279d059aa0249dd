"""Figures of the benchmark ``gradient_agreement``, one for each of its parts, drawn from its record alone."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from .plots import METHOD_COLOURS, METHOD_LABELS, Record, tidy

_PARAMETERS = {"w_in": ("input weights", "#0072B2"), "w_rec": ("recurrent weights", "#E69F00")}
_READOUT = ("readout weights", "#999999")
_FLOOR = 1e-17  # [loss]; sums below it are rounding, drawn here
_EXACT, _SURROGATE = METHOD_COLOURS["eventprop"], METHOD_COLOURS["bptt"]


def _value(row: Record, name: str, measure: str = "cosine") -> float:
    """A measure of agreement of one parameter of the first layer, or of the readout (``w``); NaN if there is none."""
    path = "readout.w" if name == "w" else f"layers[0].{name}"
    value = row["parameters"].get(path, {}).get(measure)
    return float("nan") if value is None else value


def _neurons(row: Record, name: str) -> list[float]:
    """10th percentile, median and 90th percentile of the cosines of single neurons."""
    return row["parameters"].get(f"layers[0].{name}", {}).get("neurons", [float("nan")] * 3)


def _cosine_axis(ax: Axes) -> Axes:
    ax.set_ylim(min(-0.05, ax.get_ylim()[0]), 1.05)
    ax.axhline(1, color="black", linewidth=0.8)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_ylabel("cosine to the exact gradient")
    return tidy(ax)


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
    for name, (label, colour) in _PARAMETERS.items():
        for reset, style in ((True, "o-"), (False, "s--")):
            own = sorted((row for row in slopes if row["reset"] == reset), key=lambda row: row["slope"])
            x, text = [row["slope"] for row in own], "" if reset else ", reset detached"
            left.plot(x, [_value(row, name) for row in own], style, color=colour, label=label + text)
            middle.plot(x, [_value(row, name, "norm_ratio") for row in own], style, color=colour)
    middle.set_yscale("log")
    middle.axhline(1, color="black", linewidth=0.8)
    middle.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    middle.set_ylabel("length, surrogate / exact")
    for ax in (left, middle):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.set_xlabel("slope of SuperSpike [1 / threshold]")
    left.legend(frameon=False, fontsize="small", loc="center right", bbox_to_anchor=(1, 0.35))
    others = [row for row in rows if row["reset"] and row["slope"] == 10]
    labels = [row["name"] + ("" if row["scale"] == 1 else f"\nscale {row['scale']:g}") for row in others]
    for position, (name, (_, colour)) in enumerate(_PARAMETERS.items()):
        places = np.arange(len(others)) + (position - 0.5) * 0.38
        right.bar(places, [_value(row, name) for row in others], 0.36, color=colour, alpha=0.6)
        for place, row in zip(places, others, strict=True):
            low, middle_, high = _neurons(row, name)
            right.plot([place, place], [low, high], color="black", linewidth=1)
            right.plot(place, middle_, "o", color="black", markersize=3)
    right.set_xticks(range(len(others)), labels, fontsize="small", rotation=30)
    left.set_title("direction", fontsize="medium")
    middle.set_title("length", fontsize="medium")
    right.set_title("direction, slope 10; black: single neurons", fontsize="medium")
    _cosine_axis(left)
    _cosine_axis(right)
    tidy(middle)
    return figure


def steps(record: Record) -> Figure:
    """Cosine and length as the step of the grid goes to zero.

    Args:
        record: with ``samples["steps"]``.
    """
    rows = record["samples"]["steps"]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    of = lambda kind: sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["dt"])  # noqa: E731

    def line(kind, name, style, **look):
        x = [1e3 * row["dt"] for row in of(kind)]
        left.plot(x, [_value(row, name) for row in of(kind)], style, markersize=4, **look)
        right.loglog(x, [_value(row, name, "norm_ratio") for row in of(kind)], style, markersize=4, **look)

    styles = {"fixed": ("o-", "slope 10"), "reset detached": ("s--", "slope 10, reset detached"),
              "steeper": ("^:", "slope growing as 1/sqrt(dt)")}  # fmt: skip
    for kind, (style, text) in styles.items():
        for name, (label, colour) in _PARAMETERS.items():
            line(kind, name, style, color=colour, label=f"{label}, {text}")
    for position, shape in enumerate(sorted({row["kind"] for row in rows} - set(styles))):
        label = "_" if position else "input weights, other shapes"
        line(shape, "w_in", "-", color="black", linewidth=0.6, alpha=0.6, label=label)
    line("fixed", "w", "o-", color=_READOUT[1], label=_READOUT[0])
    left.set_xscale("log")
    right.set_ylabel("length, surrogate / exact")
    _cosine_axis(left)
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
        for name, (label, colour) in _PARAMETERS.items():
            ax.plot(range(len(own)), [_value(row, name) for row in own], "o-", color=colour, label=label, markersize=5)
        rate = lambda row: "runs away" if row["rate_hz"] is None else f"{row['rate_hz']:.0f} Hz"  # noqa: E731
        ticks = [f"{str(row['value']).removesuffix('-driven')}\n{rate(row)}" for row in own]
        ax.set_xticks(range(len(own)), ticks, fontsize="small")
        ax.set_xlim(-0.4, len(own) - 0.6)
        ax.set_title(kind, fontsize="medium")
        _cosine_axis(ax).set_ylabel("")
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
        "cosine_exact": ("exact, to other batches", _EXACT),
        "cosine_other": ("surrogate, to exact of other batches", "#F0B58A"),
        "cosine_same": ("surrogate, to exact of the same batch", _SURROGATE),
    }
    names = {"layers[0].w_in": "input weights", "layers[0].w_rec": "recurrent weights", "readout.w": "readout weights"}
    for position, (measure, (label, colour)) in enumerate(bars.items()):
        heights = np.array([found[name][measure] for name in names], np.float64)
        drawn = ax.bar(np.arange(len(names)) + (position - 1) * 0.27, heights, 0.25, color=colour, label=label)
        ax.bar_label(drawn, fmt="{:.2f}", fontsize="small", padding=2)
    ax.set_xticks(range(len(names)), names.values())
    _cosine_axis(ax).set_ylabel("cosine")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize="small")
    return figure


def usefulness(record: Record) -> Figure:
    """Change of the loss along both gradients of the hidden weights, and the part that the exact gradient accounts for.

    Args:
        record: with ``samples["usefulness"]``.
    """
    rows, lengths = record["samples"]["usefulness"], record["config"]["lengths"]
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    *panels, right = figure.subplots(1, 3)
    for ax, place in zip(panels, ("same", "held out"), strict=True):
        for method, colour in (("eventprop", _EXACT), ("bptt", _SURROGATE)):
            changes = np.array([row["curves"][place] for row in rows if row["method"] == method], np.float64)
            ax.plot(lengths, changes.T, color=colour, linewidth=0.6, alpha=0.4)
            ax.plot(lengths, changes.mean(0), "o-", color=colour, linewidth=2, label=f"along {METHOD_LABELS[method]}")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.set_title(f"{place.replace(' ', '-')} batch", fontsize="medium")
        ax.set_xlabel("length of the step [threshold]")
        ax.set_ylabel("change of the loss")
        tidy(ax)
    panels[0].legend(frameon=False)
    parts = {"change": ("of the loss", "#5A5A5A"), "seen": ("seen by the exact gradient", _EXACT)}
    for shift, (key, (label, colour)) in zip((-0.2, 0.2), parts.items(), strict=True):
        means = [np.mean([row[key] for row in rows if row["method"] == method]) for method in ("eventprop", "bptt")]
        bars = right.bar(np.arange(2) + shift, means, 0.36, color=colour, label=label)
        right.bar_label(bars, fmt="{:.4f}", fontsize="small", padding=2)
    right.set_xticks([0, 1], [f"step along\n{METHOD_LABELS[method]}" for method in ("eventprop", "bptt")])
    right.set_title(f"same batch, step of length {lengths[len(lengths) // 2]:g}", fontsize="medium")
    right.set_ylabel("change")
    right.margins(y=0.25)
    right.legend(frameon=False, loc="lower center", ncols=2, fontsize="small")
    right.axhline(0, color="black", linewidth=0.8)
    tidy(right)
    return figure


def training(record: Record) -> Figure:
    """Along a training with each method: agreement, activity and loss in both worlds, and the way through weight space.

    Args:
        record: with ``samples["training"]``.

    Returns:
        Cosine, batches on which the surrogate points uphill, rates; losses, distances, and the final weights on finer
        grids. A colour is a training.
    """
    found = record["samples"]["training"]
    figure = Figure(figsize=(13, 7.4), layout="constrained")
    (cosines, uphill, rates), (losses, ways, refined) = figure.subplots(2, 3)
    for method, colour in (("eventprop", _EXACT), ("bptt", _SURROGATE)):
        own = [row for row in found["rows"] if row["method"] == method]
        epochs, label = [row["epoch"] for row in own], f"{METHOD_LABELS[method]} training"

        def line(ax, values, style, text, epochs=epochs, label=label, colour=colour):
            ax.plot(epochs, np.array(values, np.float64), style, color=colour, label=f"{label}, {text}", markersize=4)

        for name, style in (("w_in", "o-"), ("w_rec", "s--")):
            text = _PARAMETERS[name][0]
            line(cosines, [_value(row, name, "cosine_same") for row in own], style, text)
            line(uphill, [100 * _value(row, name, "uphill") for row in own], style, text)
        for end, style, text in (("", "o-", "continuous time"), ("_grid", "s--", "grid of 1 ms")):
            line(rates, [row[f"rate{end}_hz"] for row in own], style, text)
            line(losses, [row[f"loss{end}"] for row in own], style, text)
        line(ways, [row["distance"] for row in own], "o-", "to the start")
        _draw_refined(refined, [row for row in found["refined"] if row["method"] == method], colour)
    apart = [row["apart"] for row in found["rows"] if row["method"] == "eventprop"]
    ways.plot(
        range(len(apart)), np.array(apart, np.float64), "^:", color="black", label="from each other", markersize=4
    )
    for ax, text in {
        uphill: "surrogate points uphill [% of batches]", rates: "rate of the hidden neurons [Hz]",
        losses: "loss", ways: "distance in weight space", refined: "loss of the final weights",
    }.items():  # fmt: skip
        ax.set_ylabel(text)
    for ax in (cosines, uphill, rates, losses, ways):
        ax.set_xlabel("epoch")
    uphill.set_ylim(-2, max(20, uphill.get_ylim()[1]))
    _cosine_axis(cosines)
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
    worlds = [row["world"] for row in ends]
    ax.set_xticks(range(len(worlds)), [w if w == "continuous" else f"{1e3 * float(w):g} ms" for w in worlds])
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
    marks = dict(zip(sorted(rows[0]["bptt"], key=float), "v^sDP", strict=False))
    for slope, mark in marks.items():
        values = [abs(row["bptt"][slope]) for row in rows]
        ax.plot(radii, values, mark, color=_SURROGATE, alpha=0.6, label=f"BPTT-SG, slope {slope}")
    ax.plot(
        radii[~smooth], left_over[~smooth], "D", color=_EXACT, mfc="white", label="EventProp plus jumps of the loss"
    )
    ax.plot(radii[smooth], left_over[smooth], "o", color=_EXACT, label="EventProp, no spike comes or goes")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("radius of the loop [threshold]")
    ax.set_ylabel("|sum around the loop| [loss]")
    ax.set_title("Back at the same weights: the exact gradient adds up to zero", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    tidy(ax)
    return figure


FIGURES: dict[str, Callable[[Record], Figure]] = {
    "surrogates": surrogates,
    "steps": steps,
    "networks": networks,
    "noise": noise,
    "usefulness": usefulness,
    "training": training,
    "loops": loops,
}
