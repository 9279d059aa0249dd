"""Table and figure of the bytes that are exchanged."""

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from gradlab.command import Record
from gradlab.reporting.style import tidy

_COLOURS = "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00"
_TOTALS = {
    "sent_bytes": "spikes, once a delay",
    "bits_at_steps_bytes": "a bit for each neuron and step",
    "states_at_events_bytes": "all states at each event",
}


def table(record: Record) -> str:
    """A line for each network and delay."""
    heads = "neurons", "delay [ms]", "rate [Hz]", "spikes", "exchanges", "sent [B]", "largest [B]", "bits [B]"
    lines = ["".join(f"{head:>13}" for head in (*heads, "states [B]", "error [s]"))]
    for point in record["samples"]["points"]:
        error = point["largest_time_error_s"]
        cells = (
            point["neurons"], f"{1e3 * point['delay_s']:g}", f"{point['rate_hz']:.1f}", point["spikes"],
            point["exchanges"], point["sent_bytes"], point["largest_message_bytes"], point["bits_at_steps_bytes"],
            point["states_at_events_bytes"], "other spikes" if error is None else f"{error:.1e}",
        )  # fmt: skip
        lines.append("".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines)


def figures(record: Record) -> dict[str, Figure]:
    """By file name."""
    return {"spike_exchange.png": spike_exchange(record)}


def spike_exchange(record: Record) -> Figure:
    """Bytes of a message over the delay, and of all messages over the number of neurons, beside other exchanges.

    Returns:
        Two panels; the second is at the longest delay.
    """
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = (tidy(ax) for ax in figure.subplots(1, 2))
    points = record["samples"]["points"]
    sizes = sorted({point["neurons"] for point in points})
    for number, neurons in enumerate(sizes):
        own = [point for point in points if point["neurons"] == neurons]
        delays = [1e3 * point["delay_s"] for point in own]
        mean = [point["sent_bytes"] / point["exchanges"] / 2 for point in own]
        colour = _COLOURS[number % len(_COLOURS)]
        left.loglog(delays, mean, "o-", color=colour, label=f"{neurons} neurons", markersize=4)
        left.set_xticks(delays, [f"{delay:g}" for delay in delays])
    left.set_xlabel("delay [ms]")
    left.set_ylabel("mean bytes of a message")
    longest = max(point["delay_s"] for point in points)
    last = sorted((point for point in points if point["delay_s"] == longest), key=lambda point: point["neurons"])
    for (name, label), colour in zip(_TOTALS.items(), _COLOURS, strict=False):
        right.loglog(sizes, [point[name] for point in last], "o-", color=colour, label=label, markersize=4)
    right.set_xticks(sizes, [f"{size}" for size in sizes])
    right.set_xlabel("neurons")
    right.set_ylabel(f"bytes in {record['config']['duration']:g} s")
    for ax in (left, right):
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.legend(frameon=False)
    return figure
