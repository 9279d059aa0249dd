from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.measuring.gradient_similarity import compare, cosine, over_batches, per_neuron


class Layer(NamedTuple):
    w_in: object
    w_rec: object = None


def test_known_vectors():
    result = compare({"w": jnp.array([3.0, 4.0, 0.0])}, {"w": jnp.array([4.0, -3.0, 5.0])})
    assert result == {
        "w": {"cosine": 0.0, "norm_ratio": pytest.approx(np.sqrt(50) / 5), "sign_agreement": 0.5},
    }


def test_scaled_and_reversed():
    a = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    assert compare({"w": a}, {"w": 3 * a})["w"] == pytest.approx(
        {"cosine": 1, "norm_ratio": 3, "sign_agreement": 1}, rel=1e-6
    )
    assert compare({"w": a}, {"w": -a})["w"] == pytest.approx(
        {"cosine": -1, "norm_ratio": 1, "sign_agreement": 0}, rel=1e-6
    )


def test_zero_gradients_are_not_defined():
    zero, one = {"w": np.zeros(3)}, {"w": np.ones(3)}
    assert compare(zero, one)["w"] == {"cosine": None, "norm_ratio": None, "sign_agreement": None}
    assert compare(one, zero)["w"] == {"cosine": None, "norm_ratio": 0.0, "sign_agreement": 0.0}


def test_names_and_absent_parameters():
    x = np.ones(2)
    exact = {"layers": [Layer(x, x), Layer(x)], "readout": (x,)}
    other = {"layers": [Layer(x), Layer(x)], "readout": (x,)}
    assert set(compare(exact, other)) == {"layers.0.w_in", "layers.1.w_in", "readout.0"}
    assert set(compare(Layer(x, x), Layer(x, x))) == {"w_in", "w_rec"}


def test_scalars():
    assert compare({"tau": np.float32(2)}, {"tau": np.float32(-1)})["tau"] == {
        "cosine": -1.0, "norm_ratio": 0.5, "sign_agreement": 0.0,
    }  # fmt: skip


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"w has shape \(3,\), expected \(2,\)"):
        compare({"w": np.ones(2)}, {"w": np.ones(3)})


def test_per_neuron_takes_the_weights_of_each():
    exact, other = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]]), np.array([[3.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    found = per_neuron({"w": exact, "tau": np.ones(2)}, {"w": other, "tau": np.ones(2)})
    assert set(found) == {"w"}
    np.testing.assert_allclose(found["w"], [1.0, -(0.5**0.5), np.nan])


def noisy(rng, mean, batches, noise):
    return [{"w": mean + noise * rng.normal(size=mean.shape)} for _ in range(batches)]


def test_noise_is_told_from_bias():
    rng = np.random.default_rng(0)
    mean = rng.normal(size=4000)
    aside = rng.normal(size=4000)
    aside -= mean * (aside @ mean) / (mean @ mean)
    biased = 2 * mean + 2 * aside  # 45 degrees off, but for the lengths of both
    truth = cosine(mean, biased)
    found = over_batches(noisy(rng, mean, 10, 1.0), noisy(rng, biased, 10, 2.0))["w"]
    assert found["cosine"] == pytest.approx(truth, abs=0.02)
    assert found["noise_exact"] == pytest.approx(4000 / (mean @ mean), rel=0.1)
    assert found["noise_other"] == pytest.approx(4 * 4000 / (biased @ biased), rel=0.1)
    assert found["cosine_other"] < found["cosine"] - 0.1 and found["uphill"] == 0
    assert 0 < found["cosine_same"] < found["cosine"]  # noise of its own in each
    assert over_batches(noisy(rng, mean, 4, 0.1), noisy(rng, -mean, 4, 0.1))["w"]["uphill"] == 1


def test_hidden_means_are_not_defined():
    found = over_batches([{"w": np.ones(3)}, {"w": -np.ones(3)}], [{"w": np.ones(3)}, {"w": np.ones(3)}])["w"]
    assert found["cosine"] is None and found["noise_exact"] is None and found["noise_other"] == 0


def test_one_batch_is_refused():
    with pytest.raises(ValueError, match="got 1 and 1 gradients"):
        over_batches([{"w": np.ones(3)}], [{"w": np.ones(3)}])
