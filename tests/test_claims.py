"""The figures of README and docs/results.md are those of the committed records, to the last digit that is shown."""

import pytest
from committed import (
    PAGES,
    every,
    newest,
    of_trained_room,
    row_of,
    share,
    strength_of,
    trainings,
    tried_without_speakers,
    words,
)

from gradlab.reporting.style import label_of


def smoothing_of(record):
    return tuple(record["config"]["options"][name] for name in ("parts", "half_width"))


def width_of(record):
    return smoothing_of(record)[1]


def smoothing_claims():
    """How the rate strength of the smoothed gradient was chosen, and what its parts and its width do."""
    tried = tried_without_speakers("eventprop-smooth", 10)
    parts = lambda record: smoothing_of(record)[0]  # noqa: E731
    rows = [
        *(
            (f"rate strength {strength_of(record):g}", record)
            for record in tried
            if smoothing_of(record) == ("both", 0.5)
        ),
        *((f"1e-06, {parts(record)} alone", record) for record in tried if parts(record) != "both"),
        *((f"1e-06, half-width {width_of(record):g}", record) for record in tried if width_of(record) != 0.5),
        *((f"BPTT-SG, rate strength {strength_of(record):g}", record) for record in tried_without_speakers("bptt", 10)),
    ]
    assert len(rows) == len(tried) + 1
    yield from (row_of(*row) for row in rows)


def whole_selection_claims():
    """What the same settings reach in as many epochs as the trainings of the table have."""
    for method in ("eventprop-smooth", "eventprop", "bptt"):
        for record in sorted(tried_without_speakers(method, 30), key=lambda each: (width_of(each), strength_of(each))):
            name = f"{label_of(method)}, {strength_of(record):g}"
            name += ", half-width 1" if method == "eventprop-smooth" and width_of(record) == 1 else ""
            name += ", dead time of 1 ms" if record["config"]["network"]["neuron"] == "dead-time" else ""
            yield row_of(name, record)
    tried = sorted(
        (each for each in tried_without_speakers("eventprop-smooth", 30) if width_of(each) == 0.5), key=strength_of
    )
    tenth, best, *more = (100 * record["metrics"]["validation_accuracy"] for record in tried)
    lost = [f"{best - each:.1f}" for each in (tenth, *more)]
    yield f"a tenth, ten times and a hundred times as much cost {lost[0]}, {lost[1]} and {lost[2]} points"


def rate_claims():
    """How the strength of BPTT-SG was chosen."""
    tried = tried_without_speakers("bptt", 6)
    tried.sort(key=strength_of)
    strengths = [f"{strength_of(record):g}" for record in tried]
    yield f"| rate strength S | {' | '.join(strengths)} |"
    rates = [f"{record['samples']['hidden_rate_hz'][-1]:.1f}" for record in tried]
    yield f"| rate in the last epoch [Hz] | {' | '.join(rates)} |"
    yield f"| held-out speakers | {' | '.join(share(record['metrics']['validation_accuracy']) for record in tried)} |"
    exact = [
        record for record in trainings()
        if (record["preset"], record["method"]) == ("shd-200", "eventprop")
        and not record["config"].get("validation_groups")
    ]  # fmt: skip
    yield f"at the end of its training is {exact[-1]['samples']['hidden_rate_hz'][-1]:.1f} Hz"


def trained_claims():
    for record in every("trained_speed"):
        if record["config"]["training"]["epochs"] == 10:
            continue  # of all methods, on another page
        metrics, strength = record["metrics"], record["config"]["training"]["rate_strength"]
        room = "" if metrics["event_capacity"] is None else f", room for {metrics['event_capacity'][0]:,}"
        if metrics.get("event_pool"):  # a record may be older
            room += f", on the mean {metrics['event_pool'][0]:,}"
        yield (
            f"| {record['preset']} | {label_of(record['method'])} | {strength:g} | {metrics['step_s']:.3f} | "
            f"{metrics['residual_bytes']:,} | {metrics['spikes_per_sample']:,.0f}{room} |"
        )


def speed_claims():
    metrics = newest("speed")["metrics"]
    rows = {
        "EventProp": "eventprop", "EventProp, time constants of each neuron": "eventprop_per_neuron",
        "EventProp, with 9 s more, without input": "eventprop_silence", "BPTT-SG": "bptt",
        "BPTT-SG, checkpointed": "bptt_checkpointed", "BPTT-SG as a plain autodiff scan": "bptt_scan",
        "BPTT-SG, one scan with everything inside": "bptt_whole", "BPTT-SG, the same in bfloat16": "bptt_bfloat16",
        "BPTT-SG, the same with spikes as bits": "bptt_packed", "BPTT-SG, micro-batches of 8": "bptt_micro",
        "EventProp, smoothed": "eventprop-smooth",
        "EventProp, delays of channels and neurons": "eventprop_axonal_delays",
        "EventProp, delays of all synapses": "eventprop_synaptic_delays", "SpikeProp": "spikeprop",
        "BPTT-SG, stochastic": "stochastic", "feedback alignment": "feedback-alignment", "e-prop": "e-prop",
        "true derivative": "true-derivative",
    }  # fmt: skip
    for label, key in rows.items():
        yield f"| {label} | {metrics[f'{key}_step_s']:.3f} | {metrics[f'{key}_residual_bytes']:,} |"
    yield f"| limit: streaming through the known events | {metrics['limit_step_s']:.3f} | |"
    time, kept = (metrics[name] for name in ("eventprop_over_bptt", "bptt_voltages_over_eventprop_residual_bytes"))
    yield f"EventProp takes {time:.2f} of the time of our BPTT-SG, and 1/{kept:.0f} of its memory"
    yield f"`{newest('speed')['env']['cpu_target']}`. The three records before"
    older = [record["metrics"] for record in every("speed")[-4:-1]]
    over = [f"{each['eventprop_over_bptt']:.2f}" for each in older]
    yield (
        f"have {min(over)} to {max(over)}: there BPTT-SG took {older[-1]['bptt_step_s']:.3f} s and EventProp "
        f"{older[-1]['eventprop_step_s']:.3f} s"
    )
    times = [metrics[f"{name}_over_none"] for name in ("axonal_delays", "synaptic_delays")]
    yield (
        f"takes {metrics['smooth_over_exact']:.2f} times as long as the exact one and keeps "
        f"{metrics['smooth_over_exact_residual_bytes']:.2f} times as much; trained delays of up to 150 ms take "
        f"{times[0]:.2f} times as long if they are those of channels and neurons, {times[1]:.2f} times if of all "
        f"synapses ({every('speed')[-2]['metrics']['synaptic_delays_over_none']:.2f} times in the record before)"
    )


def agreement_claims():
    loops = newest("gradient_agreement", "loops")["samples"]["loops"]
    smooth, jumping = ([row for row in loops if bool(row["jumps"]) == some] for some in (False, True))
    assert (len(smooth), len(jumping)) == (5, 7)

    def of_surrogates(rows):
        found = [abs(value) for row in rows for value in row["bptt"].values()]
        return f"{min(found):.1e} to {max(found):.1e}".replace("e-0", "e-")

    assert max(abs(row["eventprop"]) for row in smooth) < 1.2e-17
    yield f"EventProp below 1.2e-17, surrogate (slopes 1 to 100) {of_surrogates(smooth)}"
    assert max(abs(row["residual"]) for row in jumping) == pytest.approx(2.2e-10, rel=0.02)
    yield f"explained to 2.2e-10, surrogate {of_surrogates(jumping)}"
    metrics = newest("gradient_agreement", "usefulness")["metrics"]
    changes = [metrics[f"loss_change_same_{method}"] for method in ("eventprop", "bptt", "eventprop-smooth")]
    yield f"loss {changes[0]:.3f} along EventProp"
    yield f"{changes[1]:.3f} along the surrogate, {changes[2]:.3f} along the smoothed gradient"


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
    *_, both = (each["metrics"] for each in trainings() if (each["dataset"], each["method"]) == ("synthetic", "both"))
    reached, seconds = ([both[m][name] for m in ("eventprop", "bptt")] for name in ("test_accuracy", "training_s"))
    yield f"{100 * reached[0]:.1f} % on the test set with EventProp after {seconds[0]:.0f} s of training"
    yield f"and {100 * reached[1]:.1f} % with BPTT-SG after {seconds[1]:.0f} s"
    cosines = [f"{both['agreement'][stage]['bptt']['layers.0.w_in']['cosine']:.2f}" for stage in both["agreement"]]
    yield "cosine of {}, after EventProp's training of {}, after its own of {}".format(*cosines)


CLAIMS = [
    *speed_claims(),
    *agreement_claims(),
    *other_claims(),
    *embedded_claims(),
    *rate_claims(),
    *smoothing_claims(),
    *whole_selection_claims(),
    *trained_claims(),
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_figures_of_the_results(claim):
    assert claim in words("docs/results.md")


def claims_of_the_page():
    metrics = newest("check")["metrics"]
    worst = metrics["worst_relative_error"], metrics["oracle_worst_relative_error"]
    yield "worst error {:.1e} against differences, {:.1e} against diffrax".format(*worst).replace("e-0", "e-")
    yield f"{metrics['existence_ghosts']} ghosts that stand alone"
    yield f"worst error {metrics['existence_worst_relative_error']:.1e} |".replace("e-0", "e-")
    yield f"({metrics['entries_rejected']} of {metrics['entries_checked'] + metrics['entries_rejected']} entries)"
    speed, memory = newest("speed"), newest("memory_scaling")
    metrics = speed["metrics"]
    kept = metrics["bptt_voltages_over_eventprop_residual_bytes"]
    yield f"takes {metrics['eventprop_over_bptt']:.2f} of the time of our BPTT-SG, and keeps 1/{kept:.0f}"
    yield f"one workload at 10 Hz, {speed['config']['repeats']} repeats"
    spans = []
    for record in every("peers")[-2:]:
        times = [record["metrics"][f"{name}_step_s"] for name in ("spyx", "snntorch", "norse", "eventprop")]
        spans.append(f"1/{min(times[:3]) / times[3]:.0f} to 1/{max(times[:3]) / times[3]:.0f}")
    yield f"{spans[1]} of the time of other libraries, {spans[0]} on an older machine"
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
    size = newest("installation")["metrics"]
    whole = (size["own_bytes"] + size["required_bytes"]) / 1e9
    assert (
        f"{whole:.2f} GB with all that it requires, a trainer is imported in {size['import_trainer_s']:.1f} s" in page
    )


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "wrong", ["on its own grid only", "learns the grid", "sees a fifth of what its step does", "what clock-driven"]
)
def test_sentences_that_an_independent_check_refuted_stay_out(page, wrong):
    assert wrong not in words(page)
