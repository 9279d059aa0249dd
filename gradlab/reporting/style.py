"""How figures look, and how they are saved.

Nothing here opens a window or keeps a global state: a function draws on the axes that it is given, or returns a
``Figure`` of its own, and ``save`` writes it. Colours are those of Okabe and Ito, told apart by the colour-blind.
"""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..methods import METHODS
from ..training import files

Record = Mapping[str, Any]
GREY = "#5A5A5A"  # of what is no method
LEGEND_COLUMNS = 5  # of a legend above a figure
MARKERS = "o", "s", "^", "D", "v", "P"
_DPI = 150
_SHADES = (0, 0.0), (0, 0.35), (1, 0.45), (0, 0.7), (1, 0.7)  # towards black, 0, or white, 1, and how far


def label_of(method: str) -> str:
    """How a method is called in figures and tables; a name that is not registered is its own label."""
    return METHODS[method].label if method in METHODS else method


def colour_of(method: str) -> str:
    """The colour of a method in figures; grey for a name that is not registered."""
    return METHODS[method].colour if method in METHODS else GREY


def shade_of(method: str, place: int) -> str:
    """The colour of one of several runs of a method: its own one for the first, then darker and lighter ones in turn.

    Args:
        method: its name.
        place: of the run among those of the method, from 0 on.
    """
    towards, share = _SHADES[place % len(_SHADES)]
    red, green, blue = ((1 - share) * part + share * towards for part in to_rgb(colour_of(method)))
    return to_hex((red, green, blue)).upper()


def looks_of(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Label and colour of each record in a figure; two of one method differ in both.

    Args:
        records: of runs; several of one method are labelled by their seeds or, where these are alike, numbered.
    """
    looks = []
    for number, record in enumerate(records):
        method = record["method"]
        alike = [other for other in records if other["method"] == method]
        seeds = [other.get("seed") for other in alike]
        place = sum(other["method"] == method for other in records[:number])
        which = f"seed {record.get('seed')}" if len(set(seeds)) == len(seeds) else str(place + 1)
        looks.append((f"{label_of(method)}, {which}" if len(alike) > 1 else label_of(method), shade_of(method, place)))
    return looks


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure, at once (see ``files.replace``); folders are created, the format follows the suffix.

    Args:
        figure: any figure of this module.
        path: such as ``"results/curves.png"``.

    Raises:
        ValueError: for a suffix that is no image format.
        OSError: if it cannot be written; says which.
    """
    path, image = Path(path), io.BytesIO()
    figure.savefig(image, format=path.suffix.removeprefix("."), dpi=_DPI)
    files.replace(path, image.getvalue())


def axes_or_new(ax: Axes | None) -> Axes:
    """The given axes, or those of a new figure."""
    return Figure(figsize=(6, 4), layout="constrained").subplots() if ax is None else ax


def series(samples: Mapping[str, Any], name: str) -> np.ndarray:
    """One figure for each epoch that is recorded; NaN where the record holds null, empty where it has no such list."""
    return np.array(samples.get(name) or [], np.float64)


def epochs_of(samples: Mapping[str, Any], entries: int) -> np.ndarray:
    """The epochs, from 1 on, of lists with so many entries; of a record that was shortened not all of them."""
    return np.array(samples.get("epoch") or np.arange(1, entries + 1))[:entries]


def epoch_axis(ax: Axes) -> None:
    """Whole epochs as the horizontal axis."""
    ax.set_xlabel("epoch")
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def tidy(ax: Axes, across: Literal["x", "y", "both"] = "y") -> Axes:
    """Light grid behind the data, no frame at the top and right."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=across, color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    return ax
