"""Table and figure of the times and bytes."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from gradlab.command import Record
from gradlab.measuring.timing import summary
from gradlab.reporting.style import axes_or_new, series, tidy

from ..contestants import CONTESTANTS, VARIANTS

#: Labels of the timed calls, by the name of their samples.
LABELS = {
    "limit_forward_s": "limit, forward",
    "limit_step_s": "limit, both passes",
    "eventprop_forward_s": f"{CONTESTANTS['eventprop'].label}, loss only",
    **{f"{name}_step_s": each.label for name, each in (CONTESTANTS | VARIANTS).items()},
}


def table(record: Record) -> str:
    """The figures as text."""
    config, metrics, samples = record["config"], record["metrics"], record["samples"]

    def ratio(name: str) -> str:
        return f"{metrics[name]:.2f}" if name in metrics else "-"  # a record may be older

    values = metrics["grid_steps"] * config["batch_size"] * config["hidden"] * 4  # bytes of a number a step and neuron
    lines = [
        f"batch {config['batch_size']}, {config['duration']:g} s, {config['inputs']} inputs at "
        f"{config['input_rate']:g} Hz, {config['hidden']} hidden neurons at {metrics['hidden_rate_hz']:.1f} Hz, "
        f"grid of {1e3 * config['dt']:g} ms, cores: {config['cores']}",
        f"spikes a sample: {metrics['input_spikes_per_sample']:.0f} input, "
        f"{metrics['hidden_spikes_per_sample']:.0f} hidden (room for {metrics['event_capacity']})",
        "",
        f"{'':36}{'seconds a call':^26}{'bytes kept for the backward pass':^45}",
        f"{'':36}{'median':>9}{'quartiles':>17}{'bytes':>15}{'x EventProp':>13}{'numbers a step*':>17}",
    ]
    for name, label in LABELS.items():
        if name not in samples:
            continue
        time = summary(samples[name])
        line = f"{label:36}{time['median']:9.4f}{time['q25']:9.4f}-{time['q75']:.4f} "
        kept = metrics.get(f"{name.removesuffix('_step_s')}_residual_bytes")
        if kept is not None:
            line += f"{kept:15,}{kept / metrics['eventprop_residual_bytes']:13.1f}{kept / values:17.3f}"
        lines.append(line.rstrip())
    return "\n".join(
        [
            *lines,
            "* bytes / (4 * grid steps * samples * hidden neurons)",
            "",
            f"EventProp / BPTT-SG (ours), time of a gradient: {ratio('eventprop_over_bptt')}",
            f"EventProp / limit: {ratio('eventprop_over_limit')}; constants per neuron / shared: "
            f"{ratio('per_neuron_over_shared')}; with silence / without: {ratio('silence_over_none')}",
            f"with delays / without: axonal {ratio('axonal_delays_over_none')}, synaptic "
            f"{ratio('synaptic_delays_over_none')}",
            f"EventProp, time of a gradient by event and neuron: {metrics['eventprop_ns_per_event_and_neuron']:.2f} ns",
            f"not counted for the plain scan: its input on the grid, {metrics['bptt_scan_input_grid_bytes']:,} bytes",
        ]
    )


def figures(record: Record) -> dict[str, Figure]:
    """By file name."""
    return {"speed.png": speed(record)}


def speed(record: Record) -> Figure:
    """Time of a gradient, and what is kept for its backward pass, by each contestant.

    Returns:
        Two panels of bars on logarithmic axes; the times with quartiles.
    """
    samples, metrics = record["samples"], record["metrics"]
    names = [name for name in CONTESTANTS if f"{name}_step_s" in samples]
    figure = Figure(figsize=(10, 1 + 0.5 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    times = {name: 1e3 * np.quantile(series(samples, f"{name}_step_s"), (0.25, 0.5, 0.75)) for name in names}
    contestant_bars({name: float(median) for name, (_, median, _) in times.items()}, left, "{:,.0f} ms")
    for row, (low, _, high) in enumerate(times.values()):
        left.plot([low, high], [row, row], color="black", linewidth=1.2)
    left.set_xlabel("time of a gradient [ms]")
    contestant_bars({name: metrics[f"{name}_residual_bytes"] / 1e6 for name in names}, right, "{:.3g} MB")
    right.set_xlabel("kept for the backward pass [MB]")
    left.invert_yaxis()
    return figure


def contestant_bars(values: Mapping[str, float], ax: Axes | None, form: str) -> Axes:
    """Horizontal bars on a logarithmic axis, each with its value, from the top down.

    Args:
        values: by contestant, positive.
        ax: where to draw; by default a new figure.
        form: format of the value.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax)
    lengths = list(values.values())
    bars = ax.barh(range(len(values)), lengths, 0.65, color=[CONTESTANTS[name].colour for name in values])
    ax.bar_label(bars, [form.format(x) for x in lengths], padding=6)
    ax.set_yticks(range(len(values)), [CONTESTANTS[name].label for name in values])
    ax.tick_params(axis="y", length=0)
    ax.set_xscale("log")
    # A logarithmic bar has no natural foot: a third of the shortest, so that all can be seen.
    ax.set_xlim(min(lengths) / 3, max(lengths) * 3)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    return tidy(ax, "x")
