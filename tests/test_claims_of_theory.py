"""The figures of docs/results.md on surrogate gradients in theory are those of the committed record."""

import re

import numpy as np
import pytest
from committed import newest, words
from scipy.stats import norm

METRICS = newest("gygax_zenke")["metrics"]
SAMPLES = newest("gygax_zenke")["samples"]


def plain(number):
    """A power of ten without a leading zero."""
    return f"{number:.1e}".replace("e-0", "e-")


def row(label, cells):
    return f"| {label} | {' | '.join(cells)} |"


def neuron_claims():
    trials = newest("gygax_zenke")["config"]["trials"]
    yield f"Sampled with {trials:,} trials at each place"
    for name, label, places in (
        ("perceptron", "perceptron", "voltages"),
        ("lif", "LIF neuron, frozen input", "steps of 1 ms"),
    ):
        off = [f"{METRICS[f'{name}_{quantity}_deviation_se']:.1f}" for quantity in ("expectation", "derivative")]
        yield row(label, [f"{len(SAMPLES['single_neuron'][name]['place'])} {places}", *off])
    compared = [SAMPLES["single_neuron"][name][kind] for name in ("perceptron", "lif")
                for kind in ("expectation", "derivative")]  # fmt: skip
    off = np.concatenate([(np.array(x["estimate"]) - x["theory"]) / x["error"] for x in compared])
    beyond, chance = np.count_nonzero(np.abs(off) > 3), 2 * norm.sf(3) * off.size
    yield f"Of the {off.size} comparisons {beyond} is beyond 3 standard errors; chance would have {chance:.1f}."


def layer_claims():
    yield f"to {plain(METRICS['networks_smoothed_minus_surrogate'])} in all networks below"
    for case in ("10, 0.6, 0.7", "2, 0.6, 0.7", "10, 0.3, 1.2"):
        beta, w1, w2 = case.split(", ")
        found = [METRICS[f"chain_{kind}_beta_{beta}_w_{w1}_{w2}"] for kind in ("exact", "smoothed")]
        yield row(case, [f"{value:.3f}" for value in found])
    betas = [f"{beta:g}" for beta in SAMPLES["networks"]["beta"]]
    yield row("β = β_SG", betas)
    bias, median, lowest = (
        [METRICS[f"networks_{name}_beta_{beta}"] for beta in betas]
        for name in ("median_bias", "median_cosine", "lowest_cosine")
    )
    yield row("median bias", [f"{value:.{2 if value > 0.1 else 3}f}" for value in bias])
    yield row("median cosine to the exact gradient", [f"{value:.3f}" for value in median])
    yield row("lowest cosine", [f"{value:.3f}" for value in lowest])
    weights = len(SAMPLES["networks"]["exact"])
    yield f"within {METRICS['network_difference_deviation_se']:.1f} standard errors ({weights} weights)"
    deviation, off = METRICS["network_surrogate_deviation_rms"], METRICS["network_bias_rms"]
    assert min(SAMPLES["networks"]["shared_deviation_rms"]) > deviation
    yield f"the latter has a standard deviation of {deviation:.2f}, and a bias of {off:.3f}"


def sign_claims():
    betas = [f"{line['beta']:g}" for line in SAMPLES["scan"]["surrogates"]]
    yield row("β_SG", betas)
    yield row("wrong sign", [f"{100 * METRICS[f'sign_flip_share_beta_{beta}']:.1f} %" for beta in betas])
    lowest = [f"{METRICS[f'integrated_minimum_w_beta_{beta}']:+.4f}" for beta in betas]
    yield row("integrated surrogate lowest at w", lowest)
    yield f"The output is lowest at w = {METRICS['minimum_w']:.4f}"
    true, surrogate = (METRICS[f"map_median_size_beta_{beta}"] for beta in (20, 2))
    yield f"a median size of {true:.1e}, a surrogate of slope 2 one of {surrogate:.3f}"
    yield f"{100 * METRICS['map_wrong_sign_share_beta_2']:.1f} % of its signs are wrong"


def loop_claims():
    betas = [f"{line['beta']:g}" for line in SAMPLES["loops"]["loops"]]
    yield row("β_SG", betas)
    for name, label in (
        ("integral", "surrogate, network of steps"),
        ("integral_one_at_zero", "the same with a step that is 1 at exactly 0"),
    ):
        yield row(label, [f"{METRICS[f'loop_{name}_beta_{beta}']:+.4f}" for beta in betas])
    assert max(abs(METRICS[f"loop_integral_true_beta_{beta}"]) for beta in betas) < 2e-16
    yield row("true gradient, network of sigmoids of slope β_SG", ["below 2e-16"] * len(betas))
    worst = max(METRICS[f"loop_sum_error_beta_{beta}"] for beta in betas)
    yield f"Sums over {SAMPLES['loops']['steps'][-1]:,.0f} points are within {100 * worst:.2f} % of these integrals"


def matching_claims():
    names = [curve["name"] for curve in SAMPLES["matching"]["curves"]]
    ratios = (METRICS["matching_loss_ratio_" + re.sub(r"\W+", "_", name)] for name in names)
    yield f"| {' | '.join(names)} | |---|---|---| | {' | '.join(f'{ratio:.3f}' for ratio in ratios)} |"
    yield f"{newest('gygax_zenke')['config']['epochs']} steps of Adam"


CLAIMS = [
    claim for claims in (neuron_claims, layer_claims, sign_claims, loop_claims, matching_claims) for claim in claims()
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_figures_of_the_results(claim):
    assert claim in words("docs/results.md")


def test_figures_of_the_table_of_claims():
    first, last = (METRICS[f"networks_median_bias_beta_{beta}"] for beta in (1, 20))
    page = words("docs/claims.md")
    assert f"by {first:.3f} of its length at slope 1, and by {last:.2f} at slope 20" in page
    assert f"lowest cosine {METRICS['networks_lowest_cosine_beta_20']:.3f} at slope 20" in page
