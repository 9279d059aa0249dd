"""Untrained networks as a table and a figure."""

from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, colour_of, label_of, tidy


def table(record: Record) -> str:
    """The figures as text."""
    found = record["metrics"]
    names = next(iter(next(iter(found.values())).values()))["gradient_norms"]
    lines = [f"{'':32}{'rate [Hz]':>16}{'silent':>16}  gradient norm, median (largest)"]
    lines.append(f"{'':64}" + "".join(f"{name:>24}" for name in names))
    for initialiser, methods in found.items():
        for method, values in methods.items():
            rates = " ".join(f"{rate:.1f}" for rate in values["rate_hz"])
            silent = " ".join(f"{share:.0%}" for share in values["silent_fraction"])
            norms = "".join(f"{f'{np.median(x):.2e} ({np.max(x):.1e})':>24}" for x in values["gradient_norms"].values())
            lines.append(f"{initialiser:20}{label_of(method):12}{rates:>16}{silent:>16}{norms}")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {f"initialisation-{record['dataset']}.png": initialisation(record)}


def initialisation(record: Record) -> Figure:
    """Rates and silent neurons by layer, gradient norms by weight matrix.

    Args:
        record: of this benchmark.

    Returns:
        Three panels: a colour for each method, a marker for each initialiser; norms as median and range of the batches.
    """
    found = record["metrics"]
    marker_of = dict(zip(found, cycle(MARKERS), strict=False))
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    rates, silent, norms = figure.subplots(1, 3, width_ratios=(1, 1, 2))
    series = [(initialiser, method) for initialiser in found for method in found[initialiser]]
    for number, (initialiser, method) in enumerate(series):
        values, shift = found[initialiser][method], 0.8 * ((number + 0.5) / len(series) - 0.5)
        look: dict[str, Any] = {"color": colour_of(method), "marker": marker_of[initialiser], "linestyle": ""}
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
    shown = [Line2D([], [], color=colour_of(m), linewidth=4, label=label_of(m)) for m in found[initialiser]]
    shown += [Line2D([], [], color="black", marker=m, linestyle="", label=i) for i, m in marker_of.items()]
    figure.legend(handles=shown, loc="outside upper center", ncols=len(shown), frameon=False)
    return figure
