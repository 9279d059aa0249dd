"""Table and figure of the errors over the step of the grid."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from gradlab.command import Record
from gradlab.reporting.style import axes_or_new, series, tidy

_COLOURS = "#56B4E9", "#E69F00"  # of the quantities in one panel


def table(record: Record) -> str:
    """Errors and orders as text."""
    samples, metrics = record["samples"], record["metrics"]
    lines = [f"{'step [ms]':>10}{'spike times [ms]':>18}{'equal counts':>14}{'logits':>11}{'loss':>11}"]
    names = "dt_s", "spike_time_error_s", "equal_count_share", "logits_relative_error", "loss_relative_error"
    for dt, distance, equal, logits, loss in zip(*(series(samples, name) for name in names), strict=True):
        lines.append(f"{1e3 * dt:10g}{1e3 * distance:18.5f}{equal:14.2%}{logits:11.2e}{loss:11.2e}")
    found = [metrics[f"order_{name}"] for name in ("spike_times", "logits", "loss")]
    distance, logits, loss = ("-" if order is None else f"{order:.2f}" for order in found)
    return "\n".join([*lines, f"{'order':>10}{distance:>18}{'':14}{logits:>11}{loss:>11}"])


def figures(record: Record) -> dict[str, Figure]:
    """By file name."""
    return {"convergence.png": convergence(record)}


def convergence(record: Record) -> Figure:
    """Errors of the time grid against the event-driven solution, over the step, with guides of first order.

    Returns:
        Two panels: spike times, and what the network answers.
    """
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    samples, metrics = record["samples"], record["metrics"]
    steps = 1e3 * series(samples, "dt_s")
    error_lines(steps, {_with_order("spike times", metrics): 1e3 * series(samples, "spike_time_error_s")}, left)
    left.set_ylabel("mean error [ms]")
    errors = {_with_order(name, metrics): series(samples, f"{name}_relative_error") for name in ("logits", "loss")}
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
    ax = axes_or_new(ax)
    for (label, y), colour in zip(errors.items(), _COLOURS, strict=False):
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
