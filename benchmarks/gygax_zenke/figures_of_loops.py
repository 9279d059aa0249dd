"""Figure 5: closed loops."""

from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from gradlab.command import Record

from .drawing import COLOURS, EXACT, panel


def closed_loops(record: Record) -> Figure:
    """Gradient along the loop, its integral up to each angle, and how sums converge to the integral."""
    found = record["samples"]["loops"]
    figure = Figure(figsize=(13, 4.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    angle, steps = np.array(found["angle"]), np.array(found["steps"])
    for each, colour in zip(found["loops"], cycle(COLOURS), strict=False):
        label = rf"$\beta_{{SG}}$ = {each['beta']:g}"
        left.plot(angle, each["integrand"], color=colour, linewidth=1.2, label=label)
        middle.plot(angle, each["so_far"], color=colour, label=f"{label}: {each['integral']:+.4f}")
        middle.plot(2 * np.pi, each["integral"], "o", color=colour, clip_on=False)
        true = np.cumsum(each["true"]) * 2 * np.pi / len(angle)
        middle.plot(angle, true, color=colour, linestyle=":", linewidth=1)
        error = np.abs(np.array(each["sums"]) / each["integral"] - 1)
        right.loglog(steps, error, "o-", color=colour, markersize=4, label=label)
    middle.plot([], [], color=EXACT, linestyle=":", linewidth=1, label=r"true gradient, sigmoids of $\beta_{SG}$")
    middle.set_ylim(top=1.6 * max(max(each["so_far"]) for each in found["loops"]))
    right.loglog(steps, 0.5 * error[0] * steps[0] / steps, "--", color=EXACT, linewidth=1, label="first order")
    for ax in (left, middle):
        ax.axhline(0, color=EXACT, linewidth=0.8)
        ax.set_xlim(0, 2 * np.pi)
        ax.set_xticks([0, np.pi, 2 * np.pi], ["0", r"$\pi$", r"$2\pi$"])
    for ax in (left, middle, right):
        ax.legend(frameon=False, fontsize="small")
    panel(left, "surrogate gradient along the loop, network of steps", "angle", "gradient times tangent")
    panel(middle, r"its integral from 0 on; at $2\pi$ that of the loop", "angle", "integral")
    panel(right, "sums against the integral", "points of the loop", "relative error")
    return figure
