"""The engine for any neuron: against the compiled one on LIF neurons, and against central differences on all."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close
from small_neurons import DELAY, DURATION, in_order, some_layer

from solvers.eventprop import lif_layer, lif_layer_with_counts
from solvers.events import Events
from solvers.neurons import NEURONS

SETTINGS = dict(duration=DURATION, delay=DELAY, capacity=24)

pytestmark = pytest.mark.usefixtures("float64")


def batch_of(times, units):
    """Two samples, the second with its input a little later."""
    later = times + jnp.linspace(0, 1e-3, len(times))
    return jax.tree.map(lambda *x: jnp.stack(x), in_order(times, units), in_order(later, units))


def loss(params, times, events, engine):
    spikes, counts = lif_layer_with_counts(params, events._replace(times=times), **SETTINGS, engine=engine)
    weights = jnp.cos(jnp.arange(spikes.capacity))
    return jnp.sum(jnp.where(spikes.valid, weights * 100 * spikes.times, 0)) + jnp.sum(jnp.cos(counts)), spikes


def test_lif_neurons_agree_with_the_compiled_engine():
    params, times, units = some_layer("lif")
    params = params._replace(tau_mem=params.tau_mem.mean())  # shared by the layer
    events = batch_of(times, units)
    (numba, ode) = (
        jax.jit(jax.grad(lambda p, t, e=engine: loss(p, t, events, e), (0, 1), has_aux=True))(params, events.times)
        for engine in ("numba", "ode")
    )
    assert (numba[1].count >= 6).all()
    np.testing.assert_array_equal(ode[1].units, numba[1].units)
    np.testing.assert_array_equal(ode[1].count, numba[1].count)
    np.testing.assert_allclose(ode[1].times, numba[1].times, rtol=0, atol=1e-10)
    assert_close(ode[0], numba[0], rtol=1e-7)


def marked(name):
    """One model by default: ``reference/test_ode`` checks the same derivatives of all."""
    return pytest.param(name, marks=[] if name == "adaptive" else [pytest.mark.slow])


@pytest.mark.parametrize("name", [marked(name) for name in NEURONS if name != "lif"])
def test_gradients_equal_central_differences(name):
    params, times, units = some_layer(name)
    events = in_order(times, units)

    @jax.jit
    def score(params):
        spikes = lif_layer(params, events, **SETTINGS)
        return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times + spikes.units), 0)), spikes.units

    (_, fired), gradient = jax.jit(jax.value_and_grad(score, has_aux=True))(params)
    assert np.count_nonzero(fired >= 0) >= 6
    rng = np.random.default_rng(3)
    for field, value in params._asdict().items():
        direction = rng.normal(size=value.shape)
        step = 1e-7 if field.startswith("tau") else 1e-5
        moved = [score(params._replace(**{field: value + k * step * direction})) for k in (-2, -1, 1, 2)]
        assert all((units == fired).all() for _, units in moved)
        expected = np.dot([1, -8, 8, -1], [x for x, _ in moved]) / (12 * step)
        assert expected != 0
        np.testing.assert_allclose(np.sum(getattr(gradient, field) * direction), expected, rtol=1e-5, err_msg=field)


def test_overflow_and_input_errors_are_those_of_the_other_engines():
    params, times, units = some_layer("adaptive")
    events = batch_of(times, units)
    events = events._replace(count=jnp.array([len(times), 1]))
    few = {**SETTINGS, "capacity": 3}

    def last(params):
        spikes = lif_layer(params, events, **few)
        return jnp.sum(spikes.times[0]), spikes

    gradient, spikes = jax.jit(jax.grad(last, has_aux=True))(params)
    np.testing.assert_array_equal(spikes.overflowed, [True, False])
    assert np.isnan(spikes.times[0]).all() and all(np.isnan(x).all() for x in jax.tree.leaves(gradient))
    wrong = Events(jnp.array([2e-3, 1e-3]), jnp.array([0, 1]), jnp.asarray(2))
    with pytest.raises(Exception, match="sample 0: .* in order: sort each sample"):
        lif_layer(params, wrong, **SETTINGS)


def test_single_precision_stays_single_and_finds_the_same_spikes():
    params, times, units = some_layer("quadratic")
    exact = lif_layer(params, in_order(times, units), **SETTINGS)
    with jax.enable_x64(False):
        single = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), params)
        events = in_order(jnp.asarray(times, jnp.float32), jnp.asarray(units, jnp.int32))
        spikes = lif_layer(single, events._replace(count=events.count.astype(jnp.int32)), **SETTINGS)
    assert spikes.times.dtype == jnp.float32 and spikes.count == exact.count
    np.testing.assert_array_equal(spikes.units, exact.units)
    np.testing.assert_allclose(spikes.times, exact.times, rtol=0, atol=1e-5)
