"""The solution of any neuron's equation: its gradients against central differences, and EventProp against it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from small_neurons import CAPACITY, DELAY, DURATION, NEURONS_OF_LAYER, in_order, some_layer

from gradlab.measuring.finite_differences import central_differences, relative_error, stencil
from gradlab.networks.params import named_leaves
from solvers.eventprop import lif_layer
from solvers.events import Events
from solvers.neurons import NEURONS
from solvers.neurons.lif import LIFParams
from solvers.reference.ode import simulate

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture(scope="module")
def float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def spikes_of(name, params, times, units):
    return simulate(
        NEURONS[name], params, in_order(times, units), duration=DURATION, delay=DELAY, capacity=CAPACITY
    )  # fmt: skip


def marked(name):
    """The engines, which the families of networks check by differences, are compared with this for the others."""
    return pytest.param(name, marks=[pytest.mark.slow] if NEURONS[name].refractory else [])


@pytest.mark.parametrize("name", [marked(name) for name in NEURONS])
def test_gradient_equals_central_differences(name):
    params, times, units = some_layer(name)
    point, unravel = ravel_pytree((params, times))
    weights = np.random.default_rng(1).normal(size=CAPACITY)

    def score(point):
        params, times = unravel(point)
        spikes = spikes_of(name, params, times, units)
        order = (
            spikes.units,
            jnp.searchsorted(times, spikes.times),
            jnp.searchsorted(spikes.times + DELAY, spikes.times),
        )
        return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0)), jnp.stack(order)

    (_, order), gradient = jax.jit(jax.value_and_grad(score, has_aux=True))(point)
    assert 6 <= np.count_nonzero(order[0] >= 0) < CAPACITY and len(np.unique(order[0])) == 1 + NEURONS_OF_LAYER
    leaves = jax.tree.leaves((params, times))
    scale = np.concatenate([np.full(x.size, max(np.abs(x).max(), 0.1) if x.max() > 0.1 else 5e-3) for x in leaves])
    points = stencil(np.asarray(point), scale)
    values, orders = map(np.asarray, jax.jit(lambda points: jax.lax.map(score, points))(points))
    expected = central_differences(values, orders, scale)
    sure = np.isfinite(expected)
    assert sure.mean() > 0.9
    start = 0
    for leaf, field in zip(leaves, (*named_leaves(params), "input times"), strict=True):
        entries = np.arange(start, start + leaf.size)[sure[start : start + leaf.size]]
        start += leaf.size
        assert np.abs(expected[entries]).max() > 0, field
        assert relative_error(gradient[entries], expected[entries]) <= 1e-6, field


@pytest.mark.parametrize("delay", [0.0, DELAY])
def test_eventprop_agrees_on_lif(delay):
    params, times, units = some_layer("lif", seed=1)
    weights = np.random.default_rng(1).normal(size=CAPACITY)
    settings = dict(duration=DURATION, delay=delay, capacity=CAPACITY)

    def score(run, params, times):
        spikes = run(params, in_order(times, units))
        return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0)), spikes

    ours, oracle = (
        jax.jit(jax.grad(lambda *x, run=run: score(run, *x), (0, 1), has_aux=True))(params, times)
        for run in (
            lambda params, events: lif_layer(params, events, **settings),
            lambda params, events: simulate(NEURONS["lif"], params, events, **settings),
        )
    )
    count = int(oracle[1].count)
    assert count >= 6
    np.testing.assert_array_equal(ours[1].units, oracle[1].units)
    np.testing.assert_allclose(ours[1].times[:count], oracle[1].times[:count], rtol=0, atol=1e-10)
    for value, expected in zip(jax.tree.leaves(ours[0]), jax.tree.leaves(oracle[0]), strict=True):
        assert np.abs(expected).max() > 0
        assert relative_error(value, expected) <= 1e-6


def test_too_many_spikes_are_reported():
    params, times, units = some_layer("lif")
    run = jax.jit(lambda *x: simulate(NEURONS["lif"], *x, duration=DURATION, delay=DELAY, capacity=2))
    spikes = run(params, in_order(times, units))
    assert spikes.count > 2 and np.isnan(spikes.times).all()


def test_derivatives_with_respect_to_inputs_at_one_instant():
    constants = (jnp.asarray(x) for x in (20e-3, 5e-3, 1.0, 0.0))
    params = LIFParams(jnp.array([[5.0], [4.0]]), None, *constants)

    @jax.jit
    def first_spike(times):
        events = Events(times, jnp.array([0, 1]), jnp.asarray(2))
        return simulate(NEURONS["lif"], params, events, duration=DURATION, delay=0.0, capacity=2).times[0]

    together, step = jnp.array([2e-3, 2e-3]), 1e-5 * jnp.array([0.0, 1.0])
    gradient = jax.grad(first_spike)(together)
    expected = np.dot([-3, 4, -1], [first_spike(together + k * step) for k in range(3)]) / 2e-5
    np.testing.assert_allclose(gradient[1], expected, rtol=1e-5)
    np.testing.assert_allclose(gradient.sum(), 1.0, rtol=1e-9)  # the spike moves with its inputs
