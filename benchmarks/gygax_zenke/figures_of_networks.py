"""Figures 2 and 3: layers of neurons that spike at random."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradlab.command import Record

from .drawing import COLOURS, EXACT, SAMPLED, panel, ticks_at

_SURROGATE = "#D55E00"


def stochastic(record: Record) -> Figure:
    """Exact and surrogate gradients of a chain, bias in networks, and one network sampled."""
    figure = Figure(figsize=(12, 8.4), layout="constrained")
    (top, right), (left, corner) = figure.subplots(2, 2)
    _chain(top, record["samples"]["chain"])
    found, metrics = record["samples"]["networks"], record["metrics"]
    _bias(right, found)
    _one_network(left, found)
    _variance(corner, found, metrics)
    return figure


def _chain(ax: Axes, found: dict[str, Any]) -> None:
    for curve, colour in zip(found["curves"], COLOURS, strict=False):
        label = rf"$\beta$ = {curve['beta']:g}, $w_2$ = {curve['w2']:g}"
        ax.plot(found["w1"], curve["exact"], color=colour, label=f"exact, {label}")
        ax.plot(found["w1"], curve["smoothed"], "--", color=colour, label=f"surrogate, {label}")
        ax.plot([curve["w1"]] * 2, [curve["exact_there"], curve["smoothed_there"]], "o", color=colour, markersize=5)
    ax.legend(frameon=False, fontsize="small")
    panel(ax, r"chain $1 \to h \to y$; surrogate: mean over all paths", r"$w_1$", r"dE[y] / d$w_1$")


def _bias(ax: Axes, found: dict[str, Any]) -> None:
    low, middle, high = np.array(found["bias_quartiles"]).T
    ax.fill_between(found["beta"], low, high, color=_SURROGATE, alpha=0.2, linewidth=0, label="quartiles")
    ax.plot(found["beta"], middle, "o-", color=_SURROGATE, label="median of 100 random networks")
    ax.set_xscale("log")
    ticks_at(ax, found["beta"])
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize="small", loc="upper left")
    panel(ax, "networks of 3 + 3 hidden neurons: bias of the surrogate", r"$\beta$",
          "|mean surrogate - exact| / |exact|")  # fmt: skip


def _one_network(ax: Axes, found: dict[str, Any]) -> None:
    exact = np.array(found["exact"])
    low, high = min(*exact, *found["smoothed"]), max(*exact, *found["smoothed"])
    ax.plot([low, high], [low, high], color=EXACT, linewidth=0.8)
    ax.errorbar(exact, found["difference"], found["difference_error"], fmt="o", color=SAMPLED, markersize=4,
                linewidth=1, label="sampled differences, ± standard error")  # fmt: skip
    ax.plot(exact, found["smoothed"], "s", color=_SURROGATE, markersize=4.5, label="surrogate, mean over all paths")
    ax.legend(frameon=False, fontsize="small", loc="upper left")
    panel(ax, rf"the network of median bias, $\beta$ = {found['sampled_beta']:g}: each weight",
          "exact derivative", "estimate")  # fmt: skip


def _variance(ax: Axes, found: dict[str, Any], metrics: dict[str, float]) -> None:
    width = found["width"]
    ax.loglog(width, found["independent_deviation_rms"], "^-", color=COLOURS[1],
              label="differences, independent random numbers")  # fmt: skip
    ax.loglog(width, found["shared_deviation_rms"], "o-", color=SAMPLED, label="differences, shared random numbers")
    for key, style, label in (
        ("network_surrogate_deviation_rms", "-", "surrogate of one path"),
        ("network_bias_rms", "--", "bias of the surrogate"),
    ):
        ax.axhline(metrics[key], color=_SURROGATE, linestyle=style, label=label)
    ticks_at(ax, width)
    ax.set_ylim(top=1e3)
    ax.legend(frameon=False, fontsize="small", loc="upper right")
    panel(ax, "the same network: standard deviation of one trial", "weight moved to both sides by",
          "root mean square over weights")  # fmt: skip
