"""Untrained networks as a table and a figure."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, colour_of, label_of, tidy

_WEIGHTS = {"w_in": "input weights", "w_rec": "recurrent weights"}


def table(record: Record) -> str:
    """The figures as text: a line for each initialiser, method and layer."""
    lines = [f"{'':20}{'':22}{'layer':>6}{'rate [Hz]':>12}{'silent':>8}  gradient norm, median (largest)"]
    for initialiser, methods in record["metrics"].items():
        for method, values in methods.items():
            for layer, (rate, silent) in enumerate(zip(values["rate_hz"], values["silent_fraction"], strict=True)):
                norms = [f"{np.median(x):.2e} ({np.max(x):.1e}) {name}" for name, x in _norms(values, layer).items()]
                heads = f"{initialiser:20}{label_of(method):22}{layer + 1:>6}"
                lines.append(f"{heads}{rate:>12.1f}{silent:>8.0%}  {', '.join(norms)}")
        if (calm := len(values["rate_hz"])) < len(record["config"]["hidden"]):
            lines.append(f"{initialiser:20}layer {calm + 1} runs away: it and what comes after it are left out")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {f"initialisation-{record['dataset']}-{record['config_hash']}.png": initialisation(record)}


def initialisation(record: Record) -> Figure:
    """Rates, silent neurons and gradient norms over the depth of the network.

    Args:
        record: of this benchmark.

    Returns:
        A row for each initialiser, a colour and marker for each method; norms as median and range of the batches.
    """
    found = record["metrics"]
    first = next(iter(found.values()))
    methods = list(first)
    of_weights = {name: label for name, label in _WEIGHTS.items() if name in _norms(first[methods[0]], 0)}
    columns = 2 + len(of_weights)
    figure = Figure(figsize=(3 * columns, 2.6 * len(found) + 0.6), layout="constrained")
    rows = figure.subplots(len(found), columns, sharex=True, sharey="col", squeeze=False)
    looks: dict[str, dict[str, Any]] = {
        method: {"color": colour_of(method), "marker": marker, "markersize": 4, "linewidth": 1}
        for method, marker in zip(methods, MARKERS * len(methods), strict=False)
    }
    for row, (initialiser, values_of) in zip(rows, found.items(), strict=True):
        for method, values in values_of.items():
            depth = np.arange(len(values["rate_hz"])) + 1
            row[0].plot(depth, values["rate_hz"], **looks[method])
            row[1].plot(depth, 100 * np.array(values["silent_fraction"]), **looks[method])
            for ax, weights in zip(row[2:], of_weights, strict=True):
                norms = [_norms(values, layer)[weights] for layer in range(len(depth))]
                ax.plot(depth, np.median(norms, 1), **looks[method])
                ax.fill_between(depth, np.min(norms, 1), np.max(norms, 1), color=looks[method]["color"], alpha=0.2)
        row[0].set_ylabel(f"{initialiser}\n\nmean rate [Hz]")
        row[1].set_ylabel("without a spike [%]")
        for ax, weights in zip(row[2:], of_weights.values(), strict=True):
            ax.set_ylabel(f"gradient norm,\n{weights}")
        for ax in row:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            tidy(ax)
    rows[0][1].set_ylim(-3, 103)
    rows[0][0].set_ylim(bottom=0)
    for ax in rows[0][2:]:
        ax.set_yscale("log")
    for ax in rows[-1]:
        ax.set_xlabel("layer")
    shown = [Line2D([], [], label=label_of(method), **looks[method]) for method in methods]
    figure.legend(handles=shown, loc="outside upper center", ncols=columns, frameon=False)
    return figure


def _norms(values: dict[str, Any], layer: int) -> dict[str, list[float]]:
    """Gradient norms of a layer's weights, one a batch, by the weights' names."""
    start = f"layers.{layer}."
    return {name.removeprefix(start): x for name, x in values["gradient_norms"].items() if name.startswith(start)}
