"""Table and figure of how memory grows with the size of a problem."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from gradlab.command import Record
from gradlab.reporting.style import tidy

from ..contestants import CONTESTANTS, VARIANTS
from .limits import COMPARED_AT
from .points import Point, without_input

_AXES: dict[str, tuple[str, float]] = {
    "duration": ("duration, same spikes [s]", 1),
    "dt": ("step of the grid [ms]", 1e3),
    "hidden": ("hidden neurons", 1),
    "batch_size": ("samples in a batch", 1),
    "hidden_rate": ("firing rate [Hz]", 1),
}
_KINDS = {"h100": "allocation on an H100,\nwithout input [MB]", "residual": "kept between\nthe passes [MB]"}
_ROWS = {
    f"H100, batch {COMPARED_AT} [MB]": ("h100_{}_bytes", 1e-6, "{:.1f}"),
    "H100, largest batch": ("h100_largest_batch_{}", 1, "{:.0f}"),
    f"H100, longest at {COMPARED_AT} [s]": ("h100_longest_recording_{}_s", 1, "{:.1f}"),
}
_WIDTH = 24
_MAIN = ("eventprop", "bptt")  # drawn above all others, some of whom keep as much as they do


def table(record: Record) -> str:
    """The figures as text."""
    metrics = record["metrics"]

    def row(label: str, key: str, unit: float, form: str) -> str:
        found = [metrics.get(key.format(name)) for name in CONTESTANTS]
        cells = ("-" if x is None else form.format(unit * x) for x in found)
        return f"{label:{_WIDTH}}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)

    heads = "".join(f"{each.label:>{_WIDTH}}" for each in CONTESTANTS.values())
    lines = [f"{'slope of memory against':{_WIDTH}}{heads}"]
    lines += [
        row(f"{sweep}, {kind}", f"slope_{kind}_{sweep}_{{}}", 1, "{:.2f}")
        for kind in reversed(_KINDS)
        for sweep in _AXES
    ]
    lines += [row(label, *how) for label, how in _ROWS.items()]
    rooms = [key.split("_")[3] for key in metrics if key.startswith("h100_eventprop_room_") and key.endswith("_bytes")]
    lines += [
        f"EventProp on an H100, batch {COMPARED_AT}, room for {room} spikes, on the mean for "
        f"{metrics.get(f'h100_eventprop_room_{room}_pool', room)}: "  # a record may be older
        f"{metrics[f'h100_eventprop_room_{room}_bytes'] / 1e6:.1f} MB"
        for room in rooms
    ]
    for name, each in VARIANTS.items():
        if f"{name}_added_bytes" in metrics:  # a record may be older
            added, own = (metrics[f"{name}_{kind}_bytes"] / 1e6 for kind in ("added", "own"))
            lines.append(f"{each.label}: keeps {added:.3f} MB more, the delays themselves have {own:.3f} MB")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """By file name."""
    return {"memory_scaling.png": memory_scaling(record)}


def memory_scaling(record: Record) -> Figure:
    """Memory over each size that was swept, on logarithmic axes, with the fitted slopes of EventProp and BPTT-SG.

    Returns:
        Two rows of panels: what XLA allocates on an H100 without the input, if it is known, and what is kept between
        the passes.
    """
    points, metrics = record["samples"]["points"], record["metrics"]
    unknown = any(without_input(point) is None for point in points)
    kinds = {kind: label for kind, label in _KINDS.items() if not (unknown and kind == "h100")}
    figure = Figure(figsize=(2.8 * len(_AXES), 3.1 * len(kinds) + 0.9), layout="constrained")
    grid = figure.subplots(len(kinds), len(_AXES), squeeze=False, sharey="row")
    for panels, (kind, label) in zip(grid, kinds.items(), strict=True):
        for ax, sweep in zip(panels, _AXES, strict=True):
            _lines(ax, [point for point in points if point["sweep"] == sweep], sweep, kind)
            slopes = (round(metrics[f"slope_{kind}_{sweep}_{name}"], 2) + 0 for name in _MAIN)
            ax.set_title("slopes {:.2f} and {:.2f}".format(*slopes), fontsize="medium")
        panels[0].set_ylabel(label)
    handles = grid[0][0].lines
    figure.legend(handles, [line.get_label() for line in handles], loc="outside lower center", ncols=5, frameon=False)
    main = " and ".join(CONTESTANTS[name].label for name in _MAIN)
    figure.suptitle(f"Memory of a gradient; slopes of {main}", fontsize="medium")
    return figure


def _bytes(point: Point, kind: str) -> float:
    on_card = without_input(point)
    return point["residual_bytes"] if kind == "residual" or on_card is None else on_card


def _lines(ax: Axes, points: Sequence[Point], sweep: str, kind: str) -> None:
    """One line a contestant."""
    title, unit = _AXES[sweep]
    measured = {point["method"] for point in points}
    for name in (name for name in CONTESTANTS if name in measured):
        line = [point for point in points if point["method"] == name]
        x, y = [unit * point["value"] for point in line], [_bytes(point, kind) / 1e6 for point in line]
        above = name in _MAIN
        ax.loglog(
            x, y, color=CONTESTANTS[name].colour, marker="o", markersize=4 if above else 7, linewidth=1.8, gid=name,
            label=CONTESTANTS[name].label, zorder=3 if above else 2,
        )  # fmt: skip
    ax.set_xlabel(title)
    ax.set_xticks(x, [f"{tick:g}" for tick in x])
    ax.xaxis.set_minor_formatter(NullFormatter())
    tidy(ax)
