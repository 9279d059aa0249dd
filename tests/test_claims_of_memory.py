"""The table of memory in the results, and its record."""

import pytest
from committed import every, newest, of_trained_room, words

from benchmarks.memory_scaling.points import without_input


def memory_claims():
    record = newest("memory_scaling")
    metrics = record["metrics"]
    exact, engine = metrics["h100_eventprop_bytes"], metrics["h100_engine"]
    rows = {
        f"EventProp (engine `{engine}`)": "eventprop", f"SpikeProp (engine `{engine}`)": "spikeprop",
        "EventProp, smoothed (engine `xla`)": "eventprop-smooth", "BPTT-SG, micro-batches of 8": "bptt_micro",
        "true derivative, on the grid": "true-derivative", "e-prop": "e-prop",
        "BPTT-SG, checkpointed": "bptt_checkpointed", "BPTT-SG": "bptt", "stochastic, BPTT-SG": "stochastic",
        "feedback alignment": "feedback-alignment", "BPTT-SG, one scan with everything inside": "bptt_whole",
        "BPTT-SG, one scan with everything inside, in bfloat16": "bptt_bfloat16",
        "BPTT-SG, one scan with everything inside, spikes kept as bits": "bptt_packed",
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
    kept = {
        point["method"]: point["residual_bytes"]
        for point in record["samples"]["points"]
        if (point["sweep"], point["value"]) == ("batch_size", 32)
    }
    smoothed = metrics["h100_eventprop-smooth_bytes"] / exact, kept["eventprop-smooth"] / kept["eventprop"]
    yield "{:.1f} times as much there as the exact one; between the passes it keeps {:.2f} times".format(*smoothed)
    one_scan, checkpointed = of_trained_room(metrics)
    yield f"{one_scan} times as much as EventProp, and checkpointed BPTT-SG {checkpointed} times"
    (eight,) = (
        without_input(point)
        for point in record["samples"]["points"]
        if (point["sweep"], point["value"], point["method"]) == ("batch_size", 8, "eventprop")
    )
    yield f"{eight / 1e6:.1f} MB for 8 samples"
    before = every("memory_scaling")[-2]["metrics"]
    assert "event_pool" not in before
    yield f"EventProp took {before['h100_eventprop_room_16384_bytes'] / 1e6:.1f} MB there"
    yield f"it took {before['h100_eventprop_bytes'] / 1e6:.1f} MB: the pages"
    rooms = dict(record["config"]["trained_rooms"])
    yield f"{max(rooms)} in the busiest sample and {rooms[max(rooms)]} on the mean"
    yield f"({metrics['hidden_spikes_per_sample']:.0f} spikes a sample, room for {metrics['event_capacity']})"


@pytest.mark.parametrize("claim", list(memory_claims()))
def test_figures_of_memory(claim):
    assert claim in words("docs/results.md")


def test_forecasts_of_the_readme():
    metrics = newest("memory_scaling")["metrics"]
    rows = {
        f"EventProp, engine `{metrics['h100_engine']}`": "eventprop",
        "EventProp, smoothed, engine `xla`": "eventprop-smooth",
        "BPTT-SG, checkpointed": "bptt_checkpointed", "BPTT-SG, one scan, spikes as bits": "bptt_packed",
        "BPTT-SG": "bptt",
    }  # fmt: skip
    for label, name in rows.items():
        taken, largest = metrics[f"h100_{name}_bytes"] / 1e6, metrics[f"h100_largest_batch_{name}"]
        assert f"| {label} | {taken:.1f} MB | {largest:,.0f} | not run | not run |" in words("README.md")
