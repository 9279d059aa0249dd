"""Layers of any neurons on a grid: against the written-out LIF layer, and against continuous time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close
from small_neurons import CAPACITY, DURATION, NEURONS_OF_LAYER, in_order, some_layer

from solvers.bptt import any_neuron, layer, lif_layer
from solvers.neurons import NEURONS
from solvers.reference.ode import simulate
from solvers.surrogates import Surrogate

DELAY = 2e-3

pytestmark = pytest.mark.usefixtures("float64")


def batch_of(times, units):
    return jax.tree.map(lambda x: x[None], in_order(times, units))


@pytest.mark.parametrize(
    ("delay", "reset_gradient", "checkpoint"), [(0.0, True, False), (2e-3, True, True), (1e-3, False, False)]
)
def test_lif_neurons_are_the_same_either_way(delay, reset_gradient, checkpoint, monkeypatch):
    params, times, units = some_layer("lif")
    settings = dict(duration=DURATION, dt=1e-3, delay=delay, reset_gradient=reset_gradient, checkpoint=checkpoint)

    def loss(params):
        spikes = lif_layer(params, batch_of(times, units), surrogate=Surrogate("superspike", 5.0), **settings)
        return jnp.sum(spikes**2 * jnp.arange(spikes.shape[1])[:, None]), spikes

    run = jax.value_and_grad(loss, has_aux=True)
    expected = run(params)
    monkeypatch.setattr(layer, "on_grid", any_neuron.on_grid)
    (value, spikes), gradient = run(params)
    assert 6 <= spikes.sum() and value > 0
    np.testing.assert_array_equal(spikes, expected[0][1])
    assert_close(gradient, expected[1], rtol=1e-9)


@pytest.mark.parametrize("name", NEURONS)
def test_the_grid_converges_to_continuous_time(name):
    params, times, units = some_layer(name)
    exact = jax.jit(
        lambda p, t: simulate(NEURONS[name], p, in_order(t, units), duration=DURATION, delay=DELAY, capacity=CAPACITY)
    )(params, times)
    of_neuron = [np.asarray(exact.times)[np.asarray(exact.units) == n] for n in range(NEURONS_OF_LAYER)]
    assert exact.count >= 6
    for dt in (1e-4, 1e-5):
        spikes = lif_layer(
            params, batch_of(times, units), duration=DURATION, dt=dt, delay=DELAY, surrogate=Surrogate()
        )[0]
        for n, expected in enumerate(of_neuron):
            (steps,) = np.nonzero(spikes[:, n])
            assert len(steps) == len(expected)
            np.testing.assert_allclose(steps * dt, expected, rtol=0, atol=15 * dt)  # in proportion to dt
