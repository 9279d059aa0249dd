"""Accuracy and rate in each simulator, as a table and a figure."""

import math

from matplotlib.figure import Figure

from gradlab.command import Record
from gradlab.reporting.style import colour_of, label_of, tidy

from .measure import CONTINUOUS, DEAD_TIME

_NAMES = {CONTINUOUS: "continuous time", DEAD_TIME: "with dead time"}


def name_of(simulator: str) -> str:
    """How a simulator is called in tables and figures."""
    return _NAMES.get(simulator) or f"{1e3 * float(simulator):g} ms"


def number_or_nan(value: float | None) -> float:
    """A figure of a record, which has null for NaN."""
    return math.nan if value is None else value


def table(record: Record) -> str:
    """A row for each simulator."""
    lines = [f"{'simulator':18}{'accuracy':>10}{'loss':>9}{'rate [Hz]':>11}{'run away':>10}"]
    for simulator, each in record["metrics"]["simulators"].items():
        accuracy, loss, rate = (number_or_nan(each[key]) for key in ("accuracy", "loss", "rate_hz"))
        lines.append(f"{name_of(simulator):18}{accuracy:10.1%}{loss:9.3f}{rate:11.1f}{each['runaway_share']:10.1%}")
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """The figure, by its file name."""
    what = record["preset"] or record["dataset"]
    return {f"transfer-{record['method']}-{what}-seed{record['seed']}-{record['config_hash']}.png": transfer(record)}


def transfer(record: Record) -> Figure:
    """Accuracy, share of samples that run away, and rate, in each simulator.

    Args:
        record: of this benchmark.
    """
    tested, colour = record["metrics"]["simulators"], colour_of(record["method"])
    figure = Figure(figsize=(7, 5), layout="constrained")
    accuracy, rate = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    places = range(len(tested))
    accuracy.plot(places, [100 * number_or_nan(each["accuracy"]) for each in tested.values()], "o-", color=colour)
    away = [100 * each["runaway_share"] for each in tested.values()]
    accuracy.bar(places, away, color="0.8", label="samples that run away, left out of the accuracy")
    accuracy.set_ylabel("test samples [%]")
    accuracy.set_ylim(0, 101)
    accuracy.set_title(f"accuracy of weights trained by {label_of(record['method'])}")
    accuracy.legend(frameon=False, loc="lower left")
    rate.plot(places, [number_or_nan(each["rate_hz"]) for each in tested.values()], "o-", color=colour)
    rate.set_ylabel("rate [Hz]")
    rate.set_ylim(0)
    rate.set_xticks(places, [name_of(simulator) for simulator in tested], rotation=20, ha="right")
    tidy(accuracy)
    tidy(rate)
    return figure
