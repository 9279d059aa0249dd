"""Table, metrics and figure of the comparison."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from gradlab.plots import METHOD_COLOURS, METHOD_LABELS

from .collect import Result

METHODS = {
    "eventprop": "EventProp",
    "bptt": "BPTT-SG",
    "spyx": "BPTT-SG",
    "snntorch": "BPTT-SG",
    "norse": "BPTT-SG",
    "jaxsnn": "EventProp",
}
_PEER_COLOUR = "#999999"


def label(name: str) -> str:
    """How a contestant is called."""
    return f"{METHOD_LABELS[name]}, ours" if name in METHOD_LABELS else f"{name} ({METHODS.get(name, '?')})"


def metrics_of(results: Mapping[str, Result]) -> dict[str, Any]:
    """Single figures by contestant, and our EventProp's time over that of each peer that ran the whole problem."""
    metrics: dict[str, Any] = {}
    for name, result in results.items():
        metrics |= {
            f"{name}_step_s": result.median,
            f"{name}_peak_bytes": result.peak_bytes,
            f"{name}_rate_hz": result.rate_hz,
            f"{name}_version": result.version,
            f"{name}_limits": result.limits or None,
            f"{name}_reason": result.reason,
        }
    ours = results["eventprop"].median
    for name, result in results.items():
        if name != "eventprop":
            comparable = ours is not None and result.median is not None and not result.limits
            metrics[f"eventprop_over_{name}"] = ours / result.median if comparable else None  # type: ignore[operator]
    return metrics


def table(results: Mapping[str, Result], metrics: Mapping[str, Any]) -> str:
    """The figures as text; nothing is scaled."""
    lines = [
        f"{'':22}{'version':>9}{'seconds a gradient':^28}{'MB':>8}{'hidden Hz':>11}{'x EventProp':>13}  left out",
        f"{'':22}{'':9}{'median':>10}{'quartiles':>18}{'':8}{'':11}{'':13}",
    ]
    for name, r in results.items():
        if r.median is None:
            lines.append(f"{label(name):22}  skipped: {r.reason}")
            continue
        low, high = np.quantile(r.seconds, (0.25, 0.75))
        size = "?" if r.peak_bytes is None else f"{r.peak_bytes / 1e6:.1f}"
        share = metrics.get(f"eventprop_over_{name}")
        quartiles, times = f"{low:.4f}-{high:.4f}", "" if share is None else f"{1 / share:.1f}"
        lines.append(
            f"{label(name):22}{r.version or '':>9}{r.median:10.4f}{quartiles:>18}{size:>8}{r.rate_hz:11.1f}{times:>13}"
            f"  {r.limits}"
        )
    return "\n".join(line.rstrip() for line in lines)


def figure(record: Mapping[str, Any]) -> Figure:
    """Time and memory of a gradient, a bar for each contestant on logarithmic axes; times with quartiles.

    Hatched bars are those of a smaller problem. Who was skipped has no bar.

    Args:
        record: of the benchmark ``peers``.
    """
    metrics, samples = record["metrics"], record["samples"]
    names = [name.removesuffix("_step_s") for name, seconds in samples.items() if seconds]
    drawn = Figure(figsize=(10, 0.9 + 0.42 * len(names)), layout="constrained")
    left, right = drawn.subplots(1, 2, sharey=True)
    panels = (
        (left, "step_s", 1.0, "time of a gradient [s]"),
        (right, "peak_bytes", 1e-6, "peak of a gradient and its input [MB]"),
    )
    for ax, quantity, unit, title in panels:
        for row, name in enumerate(names):
            value = metrics[f"{name}_{quantity}"]
            if value is None or value <= 0:
                continue
            bars = ax.barh(
                row, unit * value, 0.65, color=METHOD_COLOURS.get(name, _PEER_COLOUR), edgecolor="white",
                hatch="//" if metrics[f"{name}_limits"] else None,
            )  # fmt: skip
            ax.bar_label(bars, fmt="%.3g", padding=6)
        ax.set_xscale("log")
        ax.set_xlabel(title)
        ax.margins(x=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    for row, name in enumerate(names):
        low, high = np.quantile(samples[f"{name}_step_s"], (0.25, 0.75))
        left.plot([low, high], [row, row], color="black", linewidth=1.2)
    limits = [f"{name}: {metrics[f'{name}_limits']}" for name in names if metrics[f"{name}_limits"]]
    left.set_yticks(range(len(names)), [label(name) for name in names])
    left.invert_yaxis()
    if limits:
        drawn.supxlabel("hatched, not the whole workload: " + "; ".join(limits), fontsize="small")
    return drawn
