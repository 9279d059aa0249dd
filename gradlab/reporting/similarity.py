"""Similarity of gradients: a table and a figure, before and after trainings."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .similarity_grid import similarity_grid
from .style import LEGEND_COLUMNS, Record, axes_or_new, colour_of, label_of, tidy

BEFORE, AFTER = "before", "after_"  # stages: before training, and after that by a method, whose name follows


def similarity_table(agreement: Mapping[str, Any]) -> str:
    """Cosine and norm ratio of other gradients to the exact one as text; the argument as for ``similarity_bars``."""

    def show(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    text = [f"{'gradient against the exact one':32}{'':12}{'parameter':>20}{'cosine':>9}{'norm ratio':>12}"]
    for stage, methods in agreement.items():
        for method, parameters in methods.items():
            for name, figures in parameters.items():
                values = f"{show(figures['cosine']):>9}{show(figures['norm_ratio']):>12}"
                text.append(f"{stage:32}{label_of(method):12}{name:>20}{values}")
    return "\n".join(text)


def gradient_similarity(record: Record) -> Figure:
    """Direction and length of other gradients against the exact one.

    Args:
        record: with ``metrics["agreement"][stage][method][parameter]`` holding ``cosine`` and ``norm_ratio``.

    Returns:
        Two panels, cosine and ratio of the norms on a logarithmic axis, with bars for each parameter; of several
        methods beside the exact one, a panel for each parameter, see ``similarity_grid``.
    """
    agreement = record["metrics"]["agreement"]
    if any(len(methods) > 1 for methods in agreement.values()):
        return similarity_grid(agreement, {stage: _look(stage)[0] for stage in agreement})
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    similarity_bars(agreement, "cosine", left)
    left.set_ylabel("cosine to the exact gradient")
    left.set_ylim(min(0, *left.get_ylim()), 1.05)
    similarity_bars(agreement, "norm_ratio", right)
    right.set_ylabel("norm, relative to the exact gradient")
    handles, labels = left.get_legend_handles_labels()
    columns = min(len(labels), LEGEND_COLUMNS)
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)
    return figure


def similarity_bars(agreement: Mapping[str, Any], measure: str, ax: Axes | None = None) -> Axes:
    """Bars of one measure of similarity, grouped by parameter; what is not defined has no bar.

    Bars of the ratio of norms grow from 1, on a logarithmic axis; the others from 0.

    Args:
        agreement: ``[stage][method][parameter][measure]`` of one method beside the exact one; stages ``before``
            training, and ``after_NAME`` of a method.
        measure: ``"cosine"``, ``"norm_ratio"`` or ``"sign_agreement"``.
        ax: where to draw; by default a new figure.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax)
    stages: dict[str, Any] = {stage: next(iter(methods.values()), {}) for stage, methods in agreement.items()}
    names = list(dict.fromkeys(name for bars in stages.values() for name in bars))
    width = 0.8 / max(len(stages), 1)
    foot = 1.0 if measure == "norm_ratio" else 0.0
    for position, (stage, bars) in enumerate(stages.items()):
        heights = np.array([bars.get(name, {}).get(measure) for name in names], np.float64)
        x = np.arange(len(names)) + (position - (len(stages) - 1) / 2) * width
        label, colour = _look(stage)
        ax.bar(x, heights - foot, width * 0.92, bottom=foot, color=colour, label=label)
    ax.axhline(foot, color="black", linewidth=0.8)
    if measure == "norm_ratio":
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    ax.set_xticks(np.arange(len(names)), names, rotation=20, ha="right")
    return tidy(ax)


def _look(stage: str) -> tuple[str, str]:
    """Label and colour of a stage of the comparison."""
    if stage == BEFORE:
        return "before training", "#999999"
    method = stage.removeprefix(AFTER)
    return f"after {label_of(method)}", colour_of(method)
