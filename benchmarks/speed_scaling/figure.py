"""Table and figure of the sweeps."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from gradlab.command import Record

from ..contestants import CONTESTANTS, VARIANTS
from .measure import RATIOS, TIMED, Point

_LIMIT = "limit", "#999999"
_LOOKS = {name: (each.label, each.colour) for name, each in (CONTESTANTS | VARIANTS).items()} | {"limit": _LIMIT}
_UNITS = {"input_rate": " [Hz]", "hidden_rate": " [Hz]"} | dict.fromkeys(("duration", "dt", "longest_delay"), " [s]")
_COLUMNS = 3


def table(record: Record) -> str:
    """The points and the exponents as text."""
    points, metrics = record["samples"]["points"], record["metrics"]
    timed, ratios = _timed(points), [ratio for ratio in RATIOS if ratio in points[0]]  # as for what was timed
    lines = [f"{'':20}" + "".join(f"{name:>28}" for name in (*timed, *ratios))]
    for p in points:
        cells = [f"{p[f'{name}_s']:28.4f}" for name in timed] + [f"{p[ratio]:28.2f}" for ratio in ratios]
        lines.append(f"{p['sweep'] + ' ' + str(p['value']):20}" + "".join(cells))
    for sweep in _drawn(points):
        cells = [f"{metrics[f'exponent_{sweep}_{name}']:28.2f}" for name in timed]
        lines.append(f"{'exponent, ' + sweep:20}" + "".join(cells))
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """By file name; none for the sweep of cores alone: two numbers are no picture."""
    return {"speed_scaling.png": speed_scaling(record)} if _drawn(record["samples"]["points"]) else {}


def speed_scaling(record: Record) -> Figure:
    """Time of a gradient over each setting, on logarithmic axes, with the exponent at the end of each line."""
    points, metrics = record["samples"]["points"], record["metrics"]
    names = _drawn(points)
    columns, rows = min(len(names), _COLUMNS), -(-len(names) // _COLUMNS)
    figure = Figure(figsize=(4.2 * columns, 3.6 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for ax, name in zip(axes, names, strict=False):
        exponents = {timed: metrics[f"exponent_{name}_{timed}"] for timed in _timed(points)}
        _lines([p for p in points if p["sweep"] == name], exponents, ax)
        ax.set_xlabel(name.replace("_", " ") + _UNITS.get(name, ""))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=5, frameon=False, title="numbers at the lines: exponents"
    )
    return figure


def _lines(points: list[Point], exponents: dict[str, float], ax: Axes) -> None:
    """A line for each of what was timed, over the values of one sweep."""
    values = [p["value"] for p in points]
    for timed, exponent in exponents.items():
        (label, colour), times = _LOOKS[timed], [p[f"{timed}_s"] for p in points]
        ax.loglog(values, times, "o-", color=colour, label=label)
        end = values[-1], times[-1]
        ax.annotate(f"{exponent:.2f}", end, (6, 0), textcoords="offset points", va="center", fontsize=7, color=colour)
    ax.set_xticks(values, [f"{value:g}" for value in values])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.margins(x=0.16)
    ax.set_ylabel("time of a gradient [s]")


def _drawn(points: list[Point]) -> list[str]:
    """The sweeps over a number."""
    return [name for name in dict.fromkeys(p["sweep"] for p in points) if name != "cores"]


def _timed(points: list[Point]) -> list[str]:
    """What was timed, in today's order: a record may be older than a method."""
    return [name for name in TIMED if f"{name}_s" in points[0]]
