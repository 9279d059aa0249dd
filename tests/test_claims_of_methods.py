"""What docs/other-gradients.md says of gradients, surrogates, constants, noise and depth is in the records."""

import numpy as np
import pytest
from committed import every, newest, row, share, span, trainings, words

from benchmarks.shape_and_scale.figure import NAMES, is_of
from benchmarks.transfer.summary import accuracy_in_words
from gradlab.reporting.style import label_of

PAGE = "docs/other-gradients.md"
INPUT = "layers.0.w_in"


def together():
    """The comparison of all methods."""
    (found,) = (each for each in trainings() if each["method"] == "all" and each["preset"] == "shd-200")
    return found


def method_claims():
    """All methods at equal budget."""
    record = together()
    metrics, times = record["metrics"], {}
    agreement = metrics["agreement"]
    for timed in every("trained_speed"):
        if timed["config"]["training"]["epochs"] == metrics["bptt"]["epochs"]:
            times[timed["method"]] = timed["metrics"]["step_s"]
    for name, each in metrics.items():
        if name == "agreement":
            continue
        other = accuracy_in_words(each["transfer_accuracy"] or 0.0, each["transfer_runaway_share"])
        cosines = [
            "1" if name == "eventprop" else f"{agreement[stage][name][INPUT]['cosine']:.2f}"
            if agreement[stage][name][INPUT]["cosine"] is not None else "none"
            for stage in ("before", "after_eventprop")
        ]  # fmt: skip
        yield row(
            label_of(name), share(each["test_accuracy"]), share(each["train_accuracy"]), other, *cosines,
            f"{each['spikes_per_sample']:,.0f}", f"{times[name]:.3f}", f"{each['residual_bytes']:,}",
        )  # fmt: skip
    tests = {name: each["test_accuracy"] for name, each in metrics.items() if name != "agreement"}
    assert max(tests, key=tests.get) == "e-prop" and min(tests["e-prop"], tests["feedback-alignment"]) > 0.6
    yield "e-prop {}, BPTT-SG {}, feedback alignment {}, SpikeProp {}, EventProp {}".format(
        *(share(tests[name]) for name in ("e-prop", "bptt", "feedback-alignment", "spikeprop", "eventprop"))
    )
    assert (
        f"e-prop reaches {share(tests['e-prop'])}, BPTT-SG {share(tests['bptt'])}, feedback alignment "
        f"{share(tests['feedback-alignment'])}, EventProp {share(tests['eventprop'])}"
    ) in words("docs/claims.md")
    spikes = {name: metrics[name]["spikes_per_sample"] for name in tests}
    clocked = [spikes[name] / spikes["eventprop"] for name in ("bptt", "stochastic", "e-prop", "feedback-alignment")]
    yield f"{span(clocked)} times as many spikes as EventProp"
    away = [name for name in tests if not agreement.get(f"after_{name}")]
    assert away == ["bptt", "feedback-alignment", "e-prop", "stochastic"]
    others = [
        of[INPUT]["cosine"] for name, of in agreement["before"].items()
        if name not in ("feedback-alignment", "true-derivative")
    ]  # fmt: skip
    yield f"{span(others, '.2f')} at the start but for feedback alignment"
    controls = [
        (each["config"]["training"]["learning_rate"], share(each["metrics"]["test_accuracy"]))
        for each in trainings() if each["method"] == "true-derivative"
    ]  # fmt: skip
    (ten, faster), (hundred, fastest) = sorted(controls)
    assert (round(ten / 4e-3), round(hundred / 4e-3)) == (10, 100)
    baseline = share(newest("linear")["metrics"]["test_accuracy"])
    yield (
        f"{share(tests['true-derivative'])}, with ten and a hundred times the learning rate {faster} and {fastest}; "
        f"the linear baseline has {baseline}"
    )


def cell(rows):
    """Accuracy and first cosine of some surrogates, and how many of them ran away or diverged."""
    reached = [100 * each["validation_accuracy"] for each in rows if each["validation_accuracy"] is not None]
    failed = f"{len(rows) - len(reached)} of {len(rows)} fail" if len(reached) < len(rows) else ""
    cosines = [each["cosine"] for each in rows if each["cosine"] is not None]
    direction = f"cosine {span(cosines, '.2f')}" if cosines else "gradient not finite"
    return ", ".join(filter(None, (f"{span(reached)} %" if reached else "", failed, direction)))


def kind(each):
    """Of two normalisations that give one surrogate, the one that is none."""
    return "neither" if abs(each["scale"] - each["slope"]) < 1e-6 * each["slope"] else each["normalisation"]


def scale_claims():
    """Accuracy over normalisation, reset and slope, from the lowest to the highest over shapes."""
    for dataset in ("randman", "shd"):
        record = next(each for each in reversed(every("shape_and_scale")) if each["dataset"] == dataset)
        rows, config = record["samples"]["rows"], record["config"]
        slopes, of = sorted(config["slopes"]), {}
        yield row("normalisation", "reset", *(f"slope {slope:g}" for slope in slopes))
        for normalisation in ("peak", "area", "neither"):
            for reset in (True, False):
                for slope in slopes:
                    alike = [each for each in rows if each["slope"] == slope]
                    of[slope] = [
                        next(each for each in alike if is_of(each, shape, normalisation, reset))
                        for shape in config["shapes"]
                    ]
                how = "passes" if reset else "detached"
                yield row(NAMES[normalisation], how, *(cell(of[slope]) for slope in slopes))
        steep = [each for each in rows if each["slope"] >= 10]  # without the flattest one
        reached = [100 * each["validation_accuracy"] for each in steep if kind(each) == "peak"]
        others = [each for each in steep if kind(each) != "peak"]
        yield f"With peak 1 and slopes of 10 and 100 they reach {span(reached)} %"
        if dataset == "shd":
            assert all(each["status"] == "diverged" for each in others)
            of_area = [each["norm_ratio"] for each in others if each["norm_ratio"]]
            yield f"all others diverge: their first gradient is at least {min(of_area):,.0f} times as long"
            continue
        unscaled = [each for each in others if kind(each) == "neither"]
        best = max(each["validation_accuracy"] or 0 for each in unscaled)
        yield f"with a peak equal to the slope at most {share(best)}"
        passed, detached = (
            [each["norm_ratio"] for each in unscaled if each["reset"] == reset] for reset in (True, False)
        )
        yield f"{min(passed):.0e} to {max(passed):.0e} times".replace("e+0", "e").replace("e+", "e")
        yield f"detached {min(detached):,.0f} to {max(detached):,.0f} times"


def heterogeneity_claims():
    """Four conditions, two methods."""
    metrics = newest("heterogeneity")["metrics"]
    for method, conditions in metrics["runs"].items():
        for condition, each in conditions.items():
            tested = (share(accuracy) for accuracy in each["stretched"].values())
            yield row(
                label_of(method), condition, share(each["train_accuracy"]), f"{each['spikes_per_sample']:,.0f}", *tested
            )
    gains = (f"{100 * metrics[f'gain_{method}']:.1f} points with {label_of(method)}" for method in metrics["runs"])
    yield " and ".join(gains)
    both = [(of["equal, fixed"], of["drawn, trained"]) for of in metrics["runs"].values()]
    gains = (100 * (drawn["train_accuracy"] - equal["train_accuracy"]) for equal, drawn in both)
    yield "{:.1f} and {:.1f} on the training set".format(*gains)
    for factor in ("0.7", "1.3"):
        gains = (100 * (drawn["stretched"][factor] - equal["stretched"][factor]) for equal, drawn in both)
        yield "{:+.1f} and {:+.1f} points at × {}".format(*gains, factor)
    fewer = (1 - drawn["spikes_per_sample"] / equal["spikes_per_sample"] for equal, drawn in both)
    yield "{:.0%} and {:.0%} fewer spikes".format(*fewer).replace("%", " %")


def noise_claims():
    """Weights with and without escape noise."""
    for record in every("trials"):
        found = record["metrics"]
        yield row(
            label_of(record["method"]), share(found["accuracy_without_noise"]),
            f"{100 * found['accuracy']:.1f} ± {100 * found['deviation']:.1f} %", share(found["expected_accuracy"]),
            f"{found['spikes_per_sample_without_noise']:,.0f}", f"{found['spikes_per_sample']:,.0f}",
            f"{found['fano_factor']:.2f}",
        )  # fmt: skip


def depth_claims():
    """Rates and gradients of untrained networks of eight layers, up to one that runs away."""
    grown, lengths, flat = {}, [], []
    for record in every("initialisation"):
        depth = len(record["config"]["hidden"])
        if depth != 8:
            continue
        recurrent = record["config"].get("recurrent", True)
        for initialiser, found in record["metrics"].items():
            heads = ("recurrent" if recurrent else "feed-forward", initialiser)
            rates = found["eventprop"]["rate_hz"]
            assert rates == sorted(rates) and max(found["eventprop"]["silent_fraction"]) < 0.01
            grown[heads] = rates
            yield row(*heads, "rate [Hz]", *filled([f"{rate:.0f}" for rate in rates], depth))
            norms = {
                method: [np.median(of["gradient_norms"][f"layers.{layer}.w_in"]) for layer in range(len(rates))]
                for method, of in found.items()
            }
            for method in ("eventprop", "bptt"):
                yield row(*heads, label_of(method), *filled([f"{norm:.2g}" for norm in norms[method]], depth))
            if initialiser == "mixed":
                flat += norms["eventprop"][:-1]
                lengths += [norms["bptt"][layer] / norms["eventprop"][layer] for layer in (0, -1)]
    start, end = grown["recurrent", "mixed"][0], grown["recurrent", "mixed"][-1]
    yield f"from {start:.0f} to {end:.0f} Hz over eight recurrent layers"
    away = {heads: len(rates) + 1 for heads, rates in grown.items()}
    driven = {layers: away[layers, "mean-driven"] for layers in ("recurrent", "feed-forward")}
    fluctuating = {layers: away[layers, "fluctuation-driven"] for layers in driven}
    assert driven["recurrent"] == driven["feed-forward"]
    yield (
        f"mean-driven neurons at layer {driven['recurrent']}, fluctuation-driven ones at layer "
        f"{fluctuating['recurrent']}, or {fluctuating['feed-forward']} without recurrence"
    )
    yield f"from {min(flat):.2g} to {max(flat):.2g} in layers 1 to 7"
    first, last = span(lengths[::2]), span(lengths[1::2])
    yield f"{first} times as long as the exact one in the first layer and {last} in the last"


def filled(cells, columns):
    """With dashes for what is missing."""
    return cells + ["-"] * (columns - len(cells))


CLAIMS = [
    claim
    for claims in (method_claims, scale_claims, heterogeneity_claims, noise_claims, depth_claims)
    for claim in claims()
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_claim_is_on_the_page(claim):
    assert claim in words(PAGE)
