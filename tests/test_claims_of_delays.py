"""What docs/results.md says of trained delays is in the committed trainings."""

import numpy as np
import pytest
from committed import newest, row_of, share, span, trainings, tried_without_speakers, words

from benchmarks.accuracy.changes import changes
from gradlab.reporting.style import label_of


def delay_claims():
    """What trained delays do on held-out speakers."""
    line, channels = "fixed line", "line, channels and neurons, up to 60 ms"
    names = {
        (5, "none", "none", "uniform"): line, (5, "none", "neurons", "uniform"): "line, neurons, up to 30 ms",
        (5, "channels", "neurons", "uniform"): channels, (5, "channels", "neurons", "zero"): f"{channels}, from zero",
        (5, "none", "neurons", "zero"): "line, neurons, up to 30 ms, from zero",
        (8, "none", "neurons", "uniform"): "line of 8 copies, neurons, up to 30 ms",
        (1, "synapses", "none", "uniform"): "input synapses, up to 250 ms",
    }  # fmt: skip
    tried = {}
    for method in ("eventprop-smooth", "eventprop"):
        for record in tried_without_speakers(method, 10, "shd-256"):
            network, training = (record["config"][part] for part in ("network", "training"))
            which = (network[name] for name in ("delay_line", "input_delays", "recurrent_delays", "initial_delays"))
            slower = "" if training["delays_factor"] == 25 else f", at {training['delays_factor'] / 25:g} of the rate"
            tried[f"{label_of(method)}: {names[tuple(which)]}{slower}"] = record
    yield from (row_of(*each) for each in tried.items())
    held_out = {name: 100 * record["metrics"]["validation_accuracy"] for name, record in tried.items()}
    best = held_out[f"EventProp, smoothed: {line}"]
    of_neurons = [best - x for name, x in held_out.items() if "smoothed: line, neurons" in name]
    yield f"{min(of_neurons):.1f} to {max(of_neurons):.1f} points below it"
    longer = held_out[f"EventProp, smoothed: {names[8, 'none', 'neurons', 'uniform']}"]
    yield f"line (8 copies, 420 ms) costs {best - longer:.1f}"
    *lost, slowly = sorted((best - x for n, x in held_out.items() if f"smoothed: {channels}" in n), reverse=True)
    yield "cost {1:.1f} and {0:.1f} points on speakers".format(*lost)
    yield f"at a fifth of the rate {slowly:.1f}"
    quantiles = tried[f"EventProp, smoothed: {channels}"]["samples"]["inputs_delays_quantiles"]
    medians = (1e3 * quantiles[epoch][0][2] for epoch in (0, -1))
    yield "The median of the channels' delays goes from {:.0f} to {:.0f} ms".format(*medians)
    assert held_out[f"EventProp: {channels}"] < held_out[f"EventProp, smoothed: {channels}"]


def whole_claims():
    """Whole trainings with trained delays, and with the fixed line alone."""
    found = {
        preset: [
            record for record in trainings()
            if (record["preset"], record["method"], record["metrics"].get("epochs")) == (preset, "eventprop-smooth", 30)
            and not record["config"]["validation_groups"] and not changes(record)
        ]
        for preset in ("shd-delays", "shd-256")
    }  # fmt: skip
    (ours, line), (trained, of_line) = (
        [[100 * record["metrics"][f"{kind}_accuracy"] for record in found[preset]] for preset in found]
        for kind in ("test", "train")
    )
    of_ours, of_the_line = (f"{np.mean(each):.1f} ± {np.std(each, ddof=1):.1f} %" for each in (ours, line))
    assert f"`shd-delays` reaches {of_ours}, its fixed delay line alone {of_the_line}" in words("docs/claims.md")
    yield (
        f"reaches {of_ours} ({len(ours)} seeds, 30 epochs) on the test set, the fixed line {of_the_line} ({len(line)} "
        f"seeds); training {np.mean(trained):.1f} and {np.mean(of_line):.1f} %. So delays of neurons cost "
        f"{np.mean(line) - np.mean(ours):.1f} points"
    )
    (other,) = (record for record in trainings() if (record["preset"], record["method"]) == ("shd-delays", "bptt"))
    grid, free = (share(other["metrics"][f"{kind}_accuracy"]) for kind in ("test", "transfer"))
    assert f"alone {of_the_line}, BPTT-SG with the same delays {grid}" in words("docs/claims.md")
    yield f"BPTT-SG trains the same network to {grid} on its grid, {free} in continuous time"
    samples = next(record for record in found["shd-delays"] if record["seed"] == 0)["samples"]
    controls = {changes(record): record for record in trainings() if record["preset"] == "shd-delays"}
    frozen, line_alone, none = (
        share(controls[changed]["metrics"]["test_accuracy"])
        for changed in ("--no-train-delays", "--recurrent-delays none", "--delay-line 1 --recurrent-delays none")
    )
    yield f"frozen at their first values they reach {frozen}, the line alone {line_alone}, neither of them {none}"
    first, *_, last = (1e3 * epoch[0][2] for epoch in samples["recurrent_delays_quantiles"])
    yield f"goes from {first:.1f} ms after the first epoch to {last:.1f} ms"
    assert last > 0.95 * 30


def table_claims():
    """One network with delays of each kind, frozen and trained."""
    (found,) = newest("delays")["metrics"]["runs"].values()
    for name, each in found.items():
        reached = (share(each[f"{data}_accuracy"]) for data in ("train", "validation", "test"))
        yield f"| {name} | {' | '.join(reached)} | {each['spikes_per_sample']:,.0f} |"
    held_out, test = (
        {name: 100 * each[f"{data}_accuracy"] for name, each in found.items()} for data in ("validation", "test")
    )
    trained = [name for name in found if name.endswith("trained")]

    gains = (span([of[n] - of[n.replace("trained", "frozen")] for n in trained]) for of in (held_out, test))
    yield "training them gains {} points on held-out speakers and {} on the test set".format(*gains)
    below, above = (
        span([sign * (of[n] - of["fixed line"]) for n in trained]) for of, sign in ((held_out, -1), (test, 1))
    )
    yield f"stay {below} points below the fixed line on held-out speakers, and are {above} above it"


@pytest.mark.parametrize("claim", [*delay_claims(), *whole_claims(), *table_claims()])
def test_what_delays_do(claim):
    assert claim in words("docs/results.md")
