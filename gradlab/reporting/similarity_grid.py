"""Similarity of several gradients to the exact one: a panel for each parameter, a row for each stage."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import label_of

_COLOURS = "PuOr"  # told apart by the colour-blind; white for a right angle
_DARK = 0.6  # cosines beyond are written in white


def similarity_grid(agreement: Mapping[str, Any], names: Mapping[str, str]) -> Figure:
    """Cosine to the exact gradient as colour and number, and below it the norm, relative to the exact gradient's.

    Args:
        agreement: ``[stage][method][parameter]`` holding ``cosine`` and ``norm_ratio``; a stage without methods is one
            in which the network ran away.
        names: what each stage is called.

    Returns:
        A panel for each parameter, with a row for each stage and a column for each method.
    """
    found = [methods for methods in agreement.values() if methods]
    methods = list(dict.fromkeys(method for each in found for method in each))
    parameters = list(dict.fromkeys(name for each in found for of in each.values() for name in of))
    size = 1.5 + 0.72 * len(methods) * max(len(parameters), 1), 1.8 + 0.45 * len(agreement)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, max(len(parameters), 1), sharey=True, squeeze=False)[0]
    for ax, parameter in zip(panels, parameters, strict=False):
        _panel(ax, agreement, methods, parameter)
    panels[0].set_yticks(range(len(agreement)), [names[stage] for stage in agreement])
    figure.supxlabel(
        "number: cosine to the exact gradient; below it: norm, relative to the exact one's", fontsize="small"
    )
    return figure


def _panel(ax: Axes, agreement: Mapping[str, Any], methods: list[str], parameter: str) -> None:
    """One parameter."""
    cosines = np.full((len(agreement), len(methods)), np.nan)
    for row, of in enumerate(agreement.values()):
        if not of:
            ax.text((len(methods) - 1) / 2, row, "ran away", ha="center", va="center", fontsize=7, color="grey")
        for column, method in enumerate(methods):
            if (measures := of.get(method, {}).get(parameter)) is None:
                continue
            cosine, ratio = measures["cosine"], measures["norm_ratio"]
            cosines[row, column] = np.nan if cosine is None else cosine
            text = "zero" if ratio == 0 else "-" if cosine is None else f"{cosine:.2f}\n× {ratio:.2g}"
            dark = abs(np.nan_to_num(cosines[row, column])) > _DARK
            ax.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
    ax.imshow(cosines, vmin=-1, vmax=1, cmap=_COLOURS, aspect="auto")
    ax.set_xticks(range(len(methods)), map(label_of, methods), rotation=35, ha="right", fontsize=8)
    ax.set_title(parameter, fontsize=9)
    ax.tick_params(length=0)
