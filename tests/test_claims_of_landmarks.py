"""What docs/results.md says of published small networks is in the committed records."""

import numpy as np
import pytest
from committed import share, strength_of, trainings, words

from gradlab.networks.settings import NetworkSettings
from gradlab.training.presets import PRESETS


def mean_and_spread(records, figure):
    """In per cent; empty without a record."""
    reached = [100 * record["metrics"][f"{figure}_accuracy"] for record in records]
    assert len(reached) in (0, 3)
    return f"{np.mean(reached):.1f} ± {np.std(reached, ddof=1):.1f} %" if reached else ""


def trained_on(preset, method):
    return [record for record in trainings() if (record["preset"], record["method"]) == (preset, method)]


def reached_by(record):
    return share(record["metrics"]["test_accuracy"]), record["metrics"]["epochs"]


def landmark_claims():
    """What published small networks reach here; in a table with the loss of the preset."""
    for preset, figure in (("random-labels", "train"), ("yin-yang", "test"), ("digits", "test")):
        cells = [
            mean_and_spread(
                (
                    record for record in trained_on(preset, method)
                    if record["config"]["network"]["loss"] == NetworkSettings(**PRESETS[preset].network).loss
                ),
                figure,
            )
            for method in ("eventprop", "eventprop-smooth", "bptt")
        ]  # fmt: skip
        yield " ".join(f"% | {' | '.join(cells)} |".split())
    plain = [each for each in trained_on("random-labels", "eventprop") if each["config"]["network"]["loss"] == "mean"]
    yield f"with `--loss mean` EventProp reaches {mean_and_spread(plain, 'train')}"


def first_spike_claims():
    """Yin-Yang with the first spike as the answer."""
    exact, surrogate = (trained_on("yin-yang-ttfs", method) for method in ("eventprop", "bptt"))
    finer = [each for each in surrogate if each["config"]["options"]["dt"] == 2.5e-4 and strength_of(each) == 0]
    reached = [mean_and_spread(kept, "test") for kept in ([each for each in exact if strength_of(each)], finer)]
    yield "first spike | test | 98.1 % | {} | no such gradient | {} |".format(*reached)
    (free,) = (share(each["metrics"]["test_accuracy"]) for each in exact if not strength_of(each))
    yield f"without that (one seed) EventProp reaches {free}"
    (coarse,) = (share(each["metrics"]["test_accuracy"]) for each in surrogate if each not in finer)
    yield f"on a grid of 1 ms, BPTT-SG reaches {coarse} (one seed)"


def spytorch_claims():
    """SpyTorch's network with both methods."""
    (exact,), (surrogate,) = (trained_on("shd-spytorch", method) for method in ("eventprop", "bptt"))
    yield "BPTT-SG reaches {} in {} epochs".format(*reached_by(surrogate))
    over_epochs, (test, epochs) = exact["samples"]["train_accuracy"], reached_by(exact)
    best = max(over_epochs)
    yield (
        f"and {epochs} epochs, reaches {test}, and {share(over_epochs[-1])} on the training set, where it had "
        f"{share(best)} after {over_epochs.index(best) + 1} epochs"
    )


@pytest.mark.parametrize("claim", [*landmark_claims(), *first_spike_claims(), *spytorch_claims()])
def test_claim_is_on_the_page(claim):
    assert claim in words("docs/results.md")
