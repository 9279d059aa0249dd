"""The figures of README and docs/results.md are those of the committed records, to the last digit that is shown."""

import numpy as np
import pytest
from committed import PAGES, ROOT, every, newest, of_trained_room, words

from benchmarks.accuracy.figure import table
from benchmarks.accuracy.measure import Config
from benchmarks.accuracy.measure import measure as average
from benchmarks.transfer.summary import summary_table
from gradlab import TrainConfig
from gradlab.command import record_of
from gradlab.reporting.style import label_of


@pytest.fixture(scope="module")
def accuracies(monkeymodule):
    config = Config()
    return record_of("accuracy", config, average(config))


@pytest.fixture(scope="module")
def monkeymodule():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield patch


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_accuracy_tables(accuracies):
    """All rows of the command's table stand in docs/results.md, and their columns in README."""
    heads, _, *rows = (cells(line) for line in table(accuracies).split("\n\n")[0].splitlines())
    for name in PAGES:
        lines = [cells(line) for line in (ROOT / name).read_text().splitlines() if line.startswith("| ")]
        shown = next(line for line in lines if line[:2] == ["preset", "method"])
        columns = [heads.index({"unseen speakers": "unseen"}.get(head, head)) for head in shown]
        for row in rows:
            assert [row[column] for column in columns] in lines


def test_transfer_of_all_trainings(accuracies):
    transfer = accuracies["metrics"]["transfer"]
    page = (ROOT / "docs/results.md").read_text()
    assert summary_table(transfer) in page
    by_method = {
        method: [row["simulators"] for row in transfer if (row["method"], row["rate_strength"]) == (method, 1e-7)]
        for method in ("eventprop", "bptt")
    }
    reached = [{name: 100 * each["accuracy"] for name, each in tested.items()} for tested in by_method["eventprop"]]
    lost = max(each["continuous"] - each.pop("0.002") for each in reached)
    apart = max(max(each.values()) - min(each.values()) for each in reached)
    stays = (
        f"stays within {apart:.1f} points in all simulators but the grid of 2 ms, on which up to {lost:.1f} are lost"
    )
    assert stays in words("docs/results.md")
    assert len(by_method["bptt"]) == 2

    def both(simulator, key, digits):
        return " and ".join(f"{100 * tested[simulator][key]:.{digits}f}" for tested in by_method["bptt"])

    away = both("continuous", "runaway_share", 0) + " % of the samples"
    kept, own = both("continuous_dead_time", "accuracy", 1) + " %", both("0.001", "accuracy", 1) + " % on"
    for name in (*PAGES, "docs/claims.md"):
        assert all(figure in words(name) for figure in (away, kept, own))


def test_two_trainings_from_one_seed():
    first, *_, last = (
        share(record["metrics"]["test_accuracy"])
        for record in every("bench")
        if (record["preset"], record["method"], record["seed"]) == ("shd-128-het", "eventprop", 0)
    )
    for name in PAGES:
        assert f"`shd-128-het` reached {first} with EventProp in an earlier training" in words(name)
        assert f"settings, and {last} in" in words(name)
    assert f"reached {first[:-2]} and {last}" in words("docs/claims.md")


def test_equal_rates(accuracies):
    """BPTT-SG with a rate regularisation that brings its spikes to EventProp's, in shd-200."""
    rows = {
        (row["method"], row["rate_strength"]): row
        for row in accuracies["metrics"]["rows"]
        if row["preset"] == "shd-200"
    }
    equal, exact = rows["bptt", 1e-4], rows["eventprop", 1e-7]
    tested = [
        row["simulators"] for row in accuracies["metrics"]["transfer"]
        if (row["preset"], row["method"], row["rate_strength"]) == ("shd-200", "bptt", 1e-4)
    ]  # fmt: skip
    own, continuous, dead = (
        100 * np.mean([each[simulator]["accuracy"] for each in tested])
        for simulator in ("0.001", "continuous", "continuous_dead_time")
    )
    assert own == pytest.approx(100 * equal["test_accuracy"])
    other = f"{100 * exact['test_accuracy']:.1f} ± {100 * exact['spread']:.1f} %"
    for name in (*PAGES, "docs/claims.md"):
        assert all(figure in words(name) for figure in (f"{own:.1f} % on its grid", f"{continuous:.1f} % in", other))
    page = words("docs/results.md")
    assert f"with {equal['spikes_per_sample']:,.0f} spikes a sample" in page
    assert f"% with {exact['spikes_per_sample']:,.0f}" in page
    assert f"it loses {own - continuous:.1f} points, with the dead time {own - dead:.1f}." in page


def rate_claims():
    """How the strength was chosen: short trainings without speakers 1, 6 and 8."""
    tried = [
        record for record in every("bench")
        if record["preset"] == "shd-200" and record["config"]["validation_groups"] == [1, 6, 8]
    ]  # fmt: skip
    tried.sort(key=lambda record: record["config"]["training"]["rate_strength"])
    strengths = [f"{record['config']['training']['rate_strength']:g}" for record in tried]
    yield f"| rate strength S | {' | '.join(strengths)} |"
    rates = [f"{record['samples']['hidden_rate_hz'][-1]:.1f}" for record in tried]
    yield f"| rate in the last epoch [Hz] | {' | '.join(rates)} |"
    yield f"| held-out speakers | {' | '.join(share(record['metrics']['validation_accuracy']) for record in tried)} |"
    exact = [record for record in every("bench") if (record["preset"], record["method"]) == ("shd-200", "eventprop")]
    yield f"at the end of its training is {exact[-1]['samples']['hidden_rate_hz'][-1]:.1f} Hz"


def trained_claims():
    for record in every("trained_speed"):
        metrics, strength = record["metrics"], record["config"]["training"]["rate_strength"]
        room = "" if metrics["event_capacity"] is None else f", room for {metrics['event_capacity'][0]:,}"
        yield (
            f"| {record['preset']} | {label_of(record['method'])} | {strength:g} | {metrics['step_s']:.3f} | "
            f"{metrics['residual_bytes']:,} | {metrics['spikes_per_sample']:,.0f}{room} |"
        )


def share(value):
    return f"{100 * value:.1f} %"


def ratios(accuracies):
    """Of each preset, EventProp's time of an epoch and bytes over those of BPTT-SG; and points BPTT-SG is ahead.

    All with the rate regularisation that the presets have.
    """
    usual = [row for row in accuracies["metrics"]["rows"] if row["rate_strength"] == TrainConfig().rate_strength]
    rows = {(row["preset"], row["method"]): row for row in usual}
    pairs = [(rows[preset, "eventprop"], rows[preset, "bptt"]) for preset in sorted({preset for preset, _ in rows})]
    over = lambda key: np.array([exact[key] / other[key] for exact, other in pairs])  # noqa: E731
    ahead = [100 * (other["test_accuracy"] - exact["test_accuracy"]) for exact, other in pairs]
    return over("epoch_s"), over("residual_bytes"), over("spikes_per_sample"), sorted(ahead)


def test_costs_and_leads_of_trained_networks(accuracies):
    time, kept, spikes, (least, *others) = ratios(accuracies)
    assert f"of the presets an epoch takes {time.min():.2f} to {time.max():.2f} of the time" in words("README.md")
    assert f"keeps 1/{1 / kept.min():.0f} to 1/{1 / kept.max():.0f} of the memory" in words("README.md")
    page = words("docs/results.md")
    assert f"takes {1 / time.max():.1f} to {1 / time.min():.1f} times as long as one of EventProp" in page
    assert f"keeps {1 / kept.max():.1f} to {1 / kept.min():.1f} times as much" in page
    for name in (*PAGES, "docs/claims.md"):
        assert f"{1 / spikes.max():.1f} to {1 / spikes.min():.1f} times" in words(name)
    (best,) = (
        row for row in accuracies["metrics"]["rows"] if (row["preset"], row["method"]) == ("shd-256", "eventprop")
    )
    reached, spread = f"{100 * best['test_accuracy']:.1f}", f"{100 * best['spread']:.1f}"
    assert f"EventProp reaches {reached} ± {spread} % in continuous time" in page
    assert f"reaches {reached} % on rebuilt SHD with EventProp" in words("docs/claims.md")
    assert f"± {spread} points" in words("docs/claims.md")
    for name in PAGES:
        assert f"by {least:.1f} points with" in words(name)
        assert " and ".join(f"{each:.1f}" for each in others) + " without" in words(name)


def speed_claims():
    metrics = newest("speed")["metrics"]
    rows = {
        "EventProp": "eventprop", "EventProp, time constants of each neuron": "eventprop_per_neuron",
        "EventProp, with 9 s more, without input": "eventprop_silence", "BPTT-SG": "bptt",
        "BPTT-SG, checkpointed": "bptt_checkpointed", "BPTT-SG as a plain autodiff scan": "bptt_scan",
        "BPTT-SG, one scan with everything inside": "bptt_whole", "BPTT-SG, the same in bfloat16": "bptt_bfloat16",
        "BPTT-SG, micro-batches of 8": "bptt_micro",
    }  # fmt: skip
    for label, key in rows.items():
        yield f"| {label} | {metrics[f'{key}_step_s']:.3f} | {metrics[f'{key}_residual_bytes']:,} |"
    yield f"| limit: streaming through the known events | {metrics['limit_step_s']:.3f} | |"
    time, kept = (metrics[name] for name in ("eventprop_over_bptt", "bptt_voltages_over_eventprop_residual_bytes"))
    yield f"EventProp takes {time:.2f} of the time of our BPTT-SG, and 1/{kept:.0f} of its memory"


def agreement_claims():
    record = newest("gradient_agreement")
    loops = record["samples"]["loops"]
    smooth, jumping = ([row for row in loops if bool(row["jumps"]) == some] for some in (False, True))
    assert (len(smooth), len(jumping)) == (5, 7)

    def of_surrogates(rows):
        found = [abs(value) for row in rows for value in row["bptt"].values()]
        return f"{min(found):.1e} to {max(found):.1e}".replace("e-0", "e-")

    assert max(abs(row["eventprop"]) for row in smooth) < 1.2e-17
    yield f"EventProp below 1.2e-17, surrogate (slopes 1 to 100) {of_surrogates(smooth)}"
    assert max(abs(row["residual"]) for row in jumping) == pytest.approx(2.2e-10, rel=0.02)
    yield f"explained to 2.2e-10, surrogate {of_surrogates(jumping)}"
    changes = [record["metrics"][f"loss_change_same_{method}"] for method in ("eventprop", "bptt")]
    yield f"loss {changes[0]:.3f} along EventProp"
    yield f"{changes[1]:.3f} along the surrogate"


def other_claims():
    orders = newest("convergence")["metrics"]
    yield (
        f"with order {orders['order_spike_times']:.2f}, the logits with {orders['order_logits']:.2f}, the loss with "
        f"{orders['order_loss']:.2f}"
    )
    labels = {
        "(whole recipe)": "whole recipe", **{
            part: f"without {part}" for part in (
                "loss shaping", "lift of silent neurons", "augmentation", "delay line", "heterogeneity", "recurrence"
            )
        }
    }  # fmt: skip
    for part, label in labels.items():
        run = newest("ablation")["metrics"]["runs"][part]
        shown = (f"{100 * run[f'{kind}_accuracy']:.1f} %" for kind in ("test", "validation", "train"))
        yield f"| {label} | {' | '.join(shown)} |"
    peers = newest("peers")["metrics"]
    for name, label in (("spyx", "spyx"), ("norse", "norse"), ("snntorch", "snnTorch"), ("jaxsnn", "jaxsnn")):
        yield (
            f"| {label} {peers[f'{name}_version']} | {peers[f'{name}_step_s']:.3f} | "
            f"{peers[f'{name}_peak_bytes'] / 1e6:.0f} |"
        )
    by_kind = {record["config"]["kind"]: record["metrics"] for record in every("robustness")}
    for kind, metrics in by_kind.items():
        yield f"| {kind} | " + " | ".join(str(metrics[n]) for n in ("tries", "tracebacks", "hangs", "silent", "lost"))


def embedded_claims():
    both = [record["metrics"] for record in every("bench") if record["dataset"] == "synthetic"]
    exact, other, *_ = both
    reached, seconds = ([metrics[name] for metrics in (exact, other)] for name in ("test_accuracy", "training_s"))
    yield f"{100 * reached[0]:.1f} % on the test set with EventProp after {seconds[0]:.0f} s of training"
    yield f"and {100 * reached[1]:.1f} % with BPTT-SG after {seconds[1]:.0f} s"


CLAIMS = [
    *speed_claims(),
    *agreement_claims(),
    *other_claims(),
    *embedded_claims(),
    *rate_claims(),
    *trained_claims(),
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_figures_of_the_results(claim):
    assert claim in words("docs/results.md")


def claims_of_the_page():
    metrics = newest("check")["metrics"]
    worst = metrics["worst_relative_error"], metrics["oracle_worst_relative_error"]
    yield "worst error {:.1e} against differences, {:.1e} against diffrax".format(*worst).replace("e-0", "e-")
    yield f"({metrics['entries_rejected']} of {metrics['entries_checked'] + metrics['entries_rejected']} entries)"
    speed, memory, peers = (newest(name) for name in ("speed", "memory_scaling", "peers"))
    metrics = speed["metrics"]
    kept = metrics["bptt_voltages_over_eventprop_residual_bytes"]
    yield f"takes {metrics['eventprop_over_bptt']:.2f} of the time of our BPTT-SG, and keeps 1/{kept:.0f}"
    yield f"one workload at 10 Hz, {speed['config']['repeats']} repeats"
    times = [peers["metrics"][f"{name}_step_s"] for name in ("spyx", "snntorch", "norse", "eventprop")]
    yield f"1/{min(times[:3]) / times[3]:.0f} to 1/{max(times[:3]) / times[3]:.0f} of the time of other libraries"
    yield f"a batch of 256 takes {memory['metrics']['h100_eventprop_bytes'] / 1e6:.1f} MB"
    yield f"trained `shd-256` {memory['metrics']['h100_eventprop_room_16384_bytes'] / 1e6:.1f} MB"
    one_scan, checkpointed = of_trained_room(memory["metrics"])
    yield f"one scan takes {one_scan} times as much and checkpointed BPTT-SG {checkpointed} times"
    yield f"BPTT-SG take less, {memory['metrics']['h100_bptt_micro_bytes'] / 1e6:.1f} MB"


@pytest.mark.parametrize("claim", list(claims_of_the_page()))
def test_figures_of_the_table_of_claims(claim):
    assert claim in words("docs/claims.md")


def test_headlines_of_the_readme():
    speed = newest("speed")["metrics"]
    page = words("README.md")
    assert f"EventProp takes {speed['eventprop_over_bptt']:.2f} of the time of our BPTT-SG for a gradient" in page
    assert f"keeps 1/{speed['bptt_voltages_over_eventprop_residual_bytes']:.0f} of the memory" in page


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "wrong", ["on its own grid only", "learns the grid", "sees a fifth of what its step does", "what clock-driven"]
)
def test_sentences_that_an_independent_check_refuted_stay_out(page, wrong):
    assert wrong not in words(page)
