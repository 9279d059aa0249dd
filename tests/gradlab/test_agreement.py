from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.agreement import compare


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
    assert set(compare(exact, other)) == {"layers[0].w_in", "layers[1].w_in", "readout[0]"}
    assert set(compare(Layer(x, x), Layer(x, x))) == {"w_in", "w_rec"}


def test_scalars():
    assert compare({"tau": np.float32(2)}, {"tau": np.float32(-1)})["tau"] == {
        "cosine": -1.0, "norm_ratio": 0.5, "sign_agreement": 0.0,
    }  # fmt: skip


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"w has shape \(3,\), expected \(2,\)"):
        compare({"w": np.ones(2)}, {"w": np.ones(3)})
