"""The table of memory in the results, and its record."""

import pytest
from committed import newest, of_trained_room, words

from benchmarks.memory_scaling.points import without_input


def memory_claims():
    record = newest("memory_scaling")
    metrics = record["metrics"]
    exact = metrics["h100_eventprop_bytes"]
    rows = {
        "EventProp (engine `xla`)": "eventprop", "BPTT-SG": "bptt", "BPTT-SG, checkpointed": "bptt_checkpointed",
        "BPTT-SG, micro-batches of 8": "bptt_micro", "BPTT-SG, one scan with everything inside": "bptt_whole",
        "BPTT-SG, one scan with everything inside, in bfloat16": "bptt_bfloat16",
        "BPTT-SG as a plain autodiff scan of each layer": "bptt_scan",
    }  # fmt: skip
    for label, name in rows.items():
        taken, longest = metrics[f"h100_{name}_bytes"], metrics[f"h100_longest_recording_{name}_s"]
        times = "" if name == "eventprop" else f", {taken / exact:.1f} times as much"
        largest = metrics.get(f"h100_largest_batch_{name}")
        largest = "any" if largest is None else f"{largest:.0f}"
        longest = f"{longest:.{0 if longest > 100 else 1}f} s"
        yield f"| {label} | {taken / 1e6:.1f} MB{times} | {largest} | {longest} |"
    for room in (8192, 16384):
        yield f"room for {room} spikes"
        yield f"| {metrics[f'h100_eventprop_room_{room}_bytes'] / 1e6:.1f} MB | | |"
    one_scan, checkpointed = of_trained_room(metrics)
    yield f"{one_scan} times as much as EventProp, and checkpointed BPTT-SG {checkpointed} times"
    (eight,) = (
        without_input(point)
        for point in record["samples"]["points"]
        if (point["sweep"], point["value"], point["method"]) == ("batch_size", 8, "eventprop")
    )
    yield f"{eight / 1e6:.1f} MB for 8 samples"
    yield f"({metrics['hidden_spikes_per_sample']:.0f} spikes a sample, room for {metrics['event_capacity']})"


@pytest.mark.parametrize("claim", list(memory_claims()))
def test_figures_of_memory(claim):
    assert claim in words("docs/results.md")
