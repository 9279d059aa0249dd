"""Accuracy over slope, shape and normalisation as a table and a figure."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import MARKERS, tidy

from ..transfer.figure import number_or_nan

_COLOURS = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#5A5A5A"
NAMES = {"peak": "peak 1", "area": "area 1", "neither": "peak = slope"}


def table(record: Record) -> str:
    """A row for each surrogate."""
    heads = f"{'shape':12}{'slope':>7}  {'normalisation':14}{'scale':>9}  {'reset':9}"
    lines = [f"{heads}{'held out':>9}{'training':>9}{'cosine':>8}{'length':>10}"]
    for row in record["samples"]["rows"]:
        reset = "passes" if row["reset"] else "detached"
        heads = f"{row['shape']:12}{row['slope']:7g}  {NAMES[row['normalisation']]:14}{row['scale']:9.3g}  {reset:9}"
        shares = [number_or_nan(row[key]) for key in ("validation_accuracy", "train_accuracy")]
        first = f"{number_or_nan(row['cosine']):8.3f}{number_or_nan(row['norm_ratio']):10.3g}"
        lines.append(f"{heads}{shares[0]:9.1%}{shares[1]:9.1%}{first}")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    return {f"shape_and_scale-{record['dataset']}-{record['config_hash']}.png": shape_and_scale(record)}


def shape_and_scale(record: Record) -> Figure:
    """Held-out accuracy, and cosine to the exact gradient at the start, over the slope.

    Args:
        record: of this benchmark.

    Returns:
        A column for each normalisation, a colour for each shape; solid: the gradient passes the reset, dashed: not.
    """
    rows = record["samples"]["rows"]
    normalisations, shapes = ([*dict.fromkeys(row[key] for row in rows)] for key in ("normalisation", "shape"))
    figure = Figure(figsize=(3.6 * len(normalisations) + 1, 6), layout="constrained")
    panels = figure.subplots(2, len(normalisations), sharex=True, sharey="row", squeeze=False)
    for column, normalisation in zip(panels.T, normalisations, strict=True):
        for k, shape in enumerate(shapes):
            for reset in (True, False):
                # With slope 1, that is the same surrogate as with peak 1, which was trained once.
                own = [row for row in rows if is_of(row, shape, normalisation, reset)]
                look: dict[str, Any] = {
                    "color": _COLOURS[k % len(_COLOURS)], "marker": MARKERS[k % len(MARKERS)],
                    "linestyle": "-" if reset else "--", "markerfacecolor": None if reset else "white",
                    "label": f"{shape}{'' if reset else ', reset detached'}",
                }  # fmt: skip
                slopes = [row["slope"] for row in own]
                column[0].plot(slopes, [100 * number_or_nan(row["validation_accuracy"]) for row in own], **look)
                column[1].plot(slopes, [number_or_nan(row["cosine"]) for row in own], **look)
        column[0].set_title(NAMES[normalisation])
        column[1].set_xlabel("slope [1 / threshold]")
        column[1].set_xscale("log")
        for ax in column:
            tidy(ax)
    panels[0][0].set_ylabel("held-out accuracy [%]")
    panels[1][0].set_ylabel("cosine to the exact gradient,\nbefore the training")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return figure


def is_of(row: Mapping[str, Any], shape: str, normalisation: str, reset: bool) -> bool:
    """Whether a row is of that surrogate, also where another normalisation gives the same."""
    same = row["normalisation"] == normalisation or (row["scale"] == row["slope"] and normalisation == "neither")
    return same and (row["shape"], row["reset"]) == (shape, reset)
