"""The loss against hand computation, and the direction in which the rate regularisation pushes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_data import tiny_data, tiny_network

from gradlab.data import batch
from gradlab.methods import METHODS
from gradlab.networks.losses import accuracy, cross_entropy, rate_regularisation


def test_cross_entropy():
    logits = jnp.array([[0.0, np.log(3.0)], [2.0, 2.0]])
    assert cross_entropy(logits, jnp.array([0, 1])) == pytest.approx((np.log(4) + np.log(2)) / 2)


def test_accuracy():
    logits = jnp.array([[0.1, 0.2], [3.0, -1.0], [0.0, 1.0]])
    assert accuracy(logits, jnp.array([1, 0, 0])) == pytest.approx(2 / 3)


def test_rate_regularisation_value_and_gradient():
    counts = (jnp.array([[1.0, 4.0], [3.0, 0.0]]), jnp.array([[5.0], [6.0]]))
    value, gradient = jax.value_and_grad(rate_regularisation)(counts, 0.1, 3.0)
    assert value == pytest.approx(0.05 * ((2 - 3) ** 2 + (2 - 3) ** 2 + (5.5 - 3) ** 2))
    np.testing.assert_allclose(gradient[0], np.full((2, 2), 0.1 * (2 - 3) / 2), rtol=1e-6)
    np.testing.assert_allclose(gradient[1], np.full((2, 1), 0.1 * (5.5 - 3) / 2), rtol=1e-6)
    assert rate_regularisation(counts, 0.0, 3.0) == 0


@pytest.mark.parametrize("method", [name for name in METHODS if name != "true-derivative"])  # which is zero
def test_rate_regularisation_pushes_counts_to_the_target(method):
    """A small step against the gradient brings more spikes where there are too few, and fewer where too many."""
    network = tiny_network()
    params = network.init(jax.random.key(3))
    events, _ = batch(tiny_data(32), np.arange(32), 12)

    @jax.jit
    def evaluate(params, w_in, target):
        def penalty(w_in):
            layers = (params.layers[0]._replace(w_in=w_in),)
            moved = params._replace(layers=layers)
            counts = METHODS[method]().forward(network, moved, events, (256,), jax.random.key(0)).counts
            return rate_regularisation(counts, 1.0, target), counts[0].mean()

        return jax.grad(penalty, has_aux=True)(w_in)

    start = params.layers[0].w_in
    before = evaluate(params, start, 0.0)[1]
    after = {}
    for target in (0.0, 100.0):
        gradient = evaluate(params, start, target)[0]
        assert np.isfinite(gradient).all()
        after[target] = evaluate(params, start - 0.1 * gradient / jnp.abs(gradient).max(), target)[1]
    assert after[0.0] < before < after[100.0]
