"""The figures of docs/at-scale.md are arithmetic on the committed records."""

import math
import re

import pytest
from committed import ROOT, every, newest, row, trainings, words

from gradlab.reporting.style import label_of

MANY, CORES = 200, 64  # trainings, and the cores that they are planned on
SAMPLES, NEURONS, CARDS = 10**5, 10**5, 8  # the batch, the network, and what it is spread over
CARD = 80e9  # bytes of an H100
REAL = 4  # bytes of a number in single precision
ASSUMED = 10e-6  # [s] of one exchange, which the page says is not measured


def groups():
    """Seconds of the published trainings on one core each, by what was trained and how; not of their comparisons."""
    found = {}
    for record in trainings():
        config = record["config"]
        of_table = str(record["preset"]).startswith("shd-") and not config.get("validation_groups")
        if of_table and record["env"]["threads"] == 1 and "agreement" not in record["metrics"]:
            metrics, strength = record["metrics"], config["training"]["rate_strength"]
            key = record["preset"], record["method"], strength, metrics["epochs"]
            found.setdefault(key, []).append(metrics["training_s"])
    return dict(sorted(found.items()))


def training_claims():
    found, rounds = groups(), math.ceil(MANY / CORES)
    for (preset, method, strength, epochs), seconds in found.items():
        spans = [
            f"{factor * min(seconds):,{form}} to {factor * max(seconds):,{form}}"
            for factor, form in ((1, ".0f"), (MANY / 3600, ".0f"), (rounds / 3600, ".1f"))
        ]
        yield row(preset, label_of(method), f"{strength:g}", epochs, len(seconds), *spans)
    yield f"{MANY} trainings are {rounds} rounds on {CORES} cores"
    most = max(max(each) / min(each) for each in found.values())
    yield f"of which one took up to {most:.1f} times as long as another"


def slope_claims():
    records = every("speed_scaling")
    sweep, samples = records[0]["metrics"], records[0]["samples"]
    of_both = lambda name: [sweep[f"{name}_{method}"] for method in ("eventprop", "bptt")]  # noqa: E731
    yield "with the power {:.2f} of the neurons (BPTT-SG {:.2f})".format(*of_both("exponent_hidden"))
    yield "and {:.2f} of the batch (BPTT-SG {:.2f})".format(*of_both("exponent_batch_size"))
    points = {point["value"]: point for point in samples["points"] if point["sweep"] == "hidden"}
    times = [points[1024][key] / points[256][key] for key in ("eventprop_s", "bptt_s")]
    yield "1024 neurons take {:.1f} times as long as 256 (BPTT-SG {:.1f} times)".format(*times)
    names = "all_cores_speedup_eventprop", "all_cores_speedup_bptt"
    gains = [[each["metrics"][name] for each in records if name in each["metrics"]] for name in names]
    ends = [end(each) for each in gains for end in (min, max)]
    yield "{:.1f} to {:.1f} times as fast (BPTT-SG {:.1f} to {:.1f})".format(*ends)


def card_claims():
    metrics = newest("memory_scaling")["metrics"]
    kinds = {
        f"EventProp, engine `{metrics['h100_engine']}`": "eventprop",
        "EventProp, room for 16384 spikes": "eventprop_room_16384",
        "BPTT-SG, checkpointed": "bptt_checkpointed", "BPTT-SG": "bptt",
    }  # fmt: skip
    for label, kind in kinds.items():
        taken = metrics[f"h100_{kind}_bytes"]
        yield row(label, f"{taken / 1e6:.1f} MB", f"{CARD // taken:,.0f}", f"{MANY * taken / 1e9:.1f} GB")


def batch_claims():
    record = newest("memory_scaling")
    metrics = record["metrics"]
    kinds = {"EventProp": "eventprop", "BPTT-SG, checkpointed": "bptt_checkpointed", "BPTT-SG": "bptt",
             "BPTT-SG, one scan with everything inside": "bptt_whole"}  # fmt: skip
    for label, kind in kinds.items():
        largest = metrics[f"h100_largest_batch_{kind}"]
        yield row(label, f"{largest:,.0f}", math.ceil(SAMPLES / largest))
    *_, point = (p for p in record["samples"]["points"] if (p["sweep"], p["method"]) == ("batch_size", "eventprop"))
    heard = point["input_bytes"] / point["value"]
    own = metrics["h100_eventprop_room_16384_bytes"] / metrics["compared_batch"]
    taken = SAMPLES * (own + heard)
    assert taken < CARD
    yield f"{own / 1e3:.0f} kB a sample and {heard / 1e3:.0f} kB for its input, {taken / 1e9:.1f} GB in all"
    gradient = point["h100_outputs_bytes"] / 1e6
    yield f"the gradient, {gradient:.1f} MB for 256 neurons, whatever the batch"
    yield f"a ring of {CARDS} devices sends {2 * (CARDS - 1) / CARDS * gradient:.2f} MB each a step"


def network_claims():
    memory, metrics = newest("memory_scaling"), newest("spike_exchange")["metrics"]
    rate, samples = (memory["config"][name] for name in ("hidden_rate", "batch_size"))
    (point,) = (
        p for p in memory["samples"]["points"]
        if (p["sweep"], p["method"], p["value"]) == ("hidden", "eventprop", 256)
    )  # fmt: skip
    room = point.get("event_pool", point["event_capacity"])  # a record may be older
    assert point["residual_bytes"] / samples / room == pytest.approx(3 * REAL, rel=0.01)
    weights = REAL * NEURONS**2
    assert 4 * weights >= 2 * CARD
    yield f"{weights / 1e9:.0f} GB of recurrent weights"
    yield f"{4 * weights / 1e9:.0f} GB with the gradient and the two moments of Adam"
    yield f"{4 * weights / CARDS / 1e9:.0f} GB on each of {CARDS}"
    spikes = int(rate * NEURONS)
    kept = f"{3 * REAL * spikes / 1e6:.0f} MB a sample and second"
    yield f"at {rate:g} Hz {spikes:,} spikes a second, of which EventProp keeps three numbers, {kept}"
    each, state = metrics["bytes_a_spike"], metrics["bytes_a_neuron_state"]
    assert (each, state) == (12, 16)
    for delay in (1e-3, 1e-2):
        cells = f"{1 / delay:,.0f}", f"{spikes * delay * each / 1e3:.0f} kB", f"{spikes * each / 1e6:.0f} MB"
        yield row(f"spikes, once a delay of {1e3 * delay:g} ms", *cells)
    bits = NEURONS / 8
    yield row("a bit for each neuron, at each step of 1 ms", "1,000", f"{bits / 1e3:.1f} kB", f"{bits / 1e3:.1f} MB")
    events, states = 2 * spikes, state * NEURONS
    cells = f"{events:,}", f"{states / 1e6:.1f} MB", f"{states * events / 1e12:.1f} TB"
    yield row("all states, at each spike and arrival", *cells)
    yield f"as many bytes at {1e3 / (8 * each):.1f} Hz"
    yield f"{events:,} times a second and sample"
    yield f"take {ASSUMED * events:.0f} s; once a delay of 1 ms, {1e3 * ASSUMED / 1e-3:.0f} ms"


def exchange_claims():
    record = newest("spike_exchange")
    config, metrics, points = record["config"], record["metrics"], record["samples"]["points"]
    assert metrics["networks_with_other_spikes"] == 0
    error = f"{metrics['largest_time_error_s']:.1e}".replace("e-0", "e-")
    yield f"In all {len(points)} simulations of {config['duration']:g} s"
    yield f"spike times differ by at most {error} s"
    largest, shortest = max(config["neurons"]), min(config["delays"])
    yield f"With {largest} neurons:"

    def totals(point):
        sizes = (f"{point[name]:,}" for name in ("sent_bytes", "bits_at_steps_bytes"))
        return *sizes, f"{point['states_at_events_bytes'] / 1e6:,.1f} MB"

    for point in points:
        mean = point["sent_bytes"] / point["exchanges"] / 2
        if point["neurons"] == largest:
            delay, messages = f"{1e3 * point['delay_s']:g}", (f"{mean:.0f}", point["largest_message_bytes"])
            yield row(delay, point["exchanges"], *messages, *totals(point))
        if point["delay_s"] == shortest:
            yield row(point["neurons"], f"{point['rate_hz']:.1f}", f"{point['spikes']:,}", *totals(point))


CLAIMS = [training_claims, slope_claims, card_claims, batch_claims, network_claims, exchange_claims]


@pytest.mark.parametrize("claims", CLAIMS)
def test_figures_of_the_page(claims):
    page = words("docs/at-scale.md")
    assert not [claim for claim in claims() if claim not in page]


def test_the_example_runs(capsys):
    (block,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/at-scale.md").read_text(), re.MULTILINE | re.DOTALL)
    exec(block, {})
    assert "LIFParams" in capsys.readouterr().out
