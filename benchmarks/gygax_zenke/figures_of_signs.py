"""Figure 4: a differentiable network."""

from itertools import chain, cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from gradlab.command import Record

from .drawing import COLOURS, EXACT, panel
from .signs import BETA, MAP_BETA, opposite

_WIDTH = 1.3  # of a line
_SMALLEST = 1e-9  # derivative that a map tells from zero


def signs(record: Record) -> Figure:
    """Output, derivatives and shares of wrong signs over w; below, maps of the derivatives over v1 and v2."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    above, below = figure.subplots(2, 3)
    found, metrics = record["samples"]["scan"], record["metrics"]
    _minima(above[0], found, metrics)
    _derivatives(above[1], found)
    _shares(above[2], found, metrics)
    _maps(figure, below, record["samples"]["maps"])
    return figure


def _minima(ax: Axes, found: dict[str, Any], metrics: dict[str, float]) -> None:
    w = np.array(found["w"])
    lines = [("output", np.array(found["output"]) - found["output"][0], "minimum_w")]
    for each in found["surrogates"]:
        lines.append((_label(each), each["integral"], f"integrated_minimum_w_beta_{each['beta']:g}"))
    for (label, y, lowest), colour in zip(lines, chain([EXACT], cycle(COLOURS)), strict=False):
        scaled, at, thick = _scaled(y), metrics[lowest], 3 if label == "output" else 1
        ax.plot(w, scaled, color=colour, linewidth=thick * _WIDTH, label=label)
        ax.plot(at, np.interp(at, w, scaled), "v", color=colour, markersize=5 + 2 * thick)
    ax.legend(frameon=False, fontsize="small", title="triangle: lowest", title_fontsize="small")
    panel(ax, "output and integrated surrogates", "w", "difference from w = -0.2, scaled")


def _derivatives(ax: Axes, found: dict[str, Any]) -> None:
    ax.plot(found["w"], _scaled(found["derivative"]), color=EXACT, linewidth=3 * _WIDTH, label="dy/dw")
    for each, colour in zip(found["surrogates"], cycle(COLOURS), strict=False):
        ax.plot(found["w"], _scaled(each["derivative"]), color=colour, linewidth=_WIDTH, label=_label(each))
    ax.axhline(0, color=EXACT, linewidth=0.8)
    ax.legend(frameon=False, fontsize="small")
    panel(ax, rf"derivative and surrogates ($\beta$ = {BETA:g})", "w", "relative to the largest")


def _shares(ax: Axes, found: dict[str, Any], metrics: dict[str, float]) -> None:
    ax.plot(found["sweep_beta"], 100 * np.array(found["sweep_share"]), color=EXACT, linewidth=1.2)
    for each, colour in zip(found["surrogates"], cycle(COLOURS), strict=False):
        share = 100 * metrics[f"sign_flip_share_beta_{each['beta']:g}"]
        ax.plot(each["beta"], share, "o", color=colour)
        ax.annotate(f"{share:.1f} %", (each["beta"], share), (6, 5), textcoords="offset points", fontsize="small")
    ax.set_ylim(bottom=-1)
    panel(ax, "the surrogate has the wrong sign", r"slope of the surrogate $\beta_{SG}$", "share of w [%]")


def _maps(figure: Figure, axes: np.ndarray, found: dict[str, Any]) -> None:
    values = {each["beta"]: np.array(each["derivative"]) for each in found["maps"]}
    largest = max(np.abs(each).max() for each in values.values())
    norm = SymLogNorm(_SMALLEST, vmin=-largest, vmax=largest)
    for ax, (beta, derivative) in zip(axes, values.items(), strict=True):
        image = ax.pcolormesh(found["v"], found["v"], derivative, norm=norm, cmap="RdBu_r", rasterized=True)
        wrong = opposite(derivative, values[MAP_BETA])
        if wrong.any():
            ax.contourf(found["v"], found["v"], wrong, levels=[0.5, 1], colors="none", hatches=["////"])
        title = "the true derivative" if beta == MAP_BETA else "hatched: wrong sign"
        panel(ax, rf"$\beta_{{SG}}$ = {beta:g}; {title}", r"$v_1$", r"$v_2$").set_aspect("equal")
        ax.grid(False)
    figure.colorbar(image, ax=list(axes), label=rf"dy/dw, network of $\beta$ = {MAP_BETA:g}, w = 1")


def _scaled(values: ArrayLike) -> np.ndarray:
    return np.asarray(values) / np.abs(values).max()


def _label(surrogate: dict[str, Any]) -> str:
    return rf"$\beta_{{SG}}$ = {surrogate['beta']:g}"
