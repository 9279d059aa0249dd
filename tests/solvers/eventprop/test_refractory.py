"""Refractory periods in continuous time: every engine against the general solver, and what a period promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close
from small_neurons import DELAY, DURATION, NEURONS_OF_LAYER, in_order, some_layer

from solvers.eventprop import ENGINES, lif_layer, lif_layer_with_counts
from solvers.events import pad_events
from solvers.neurons import NEURONS

SETTINGS = dict(duration=DURATION, delay=DELAY, capacity=40)
COMPILED = [name for name, engine in ENGINES.items() if engine.neurons is not None and "clamp" in engine.neurons]

pytestmark = pytest.mark.usefixtures("float64")


def batch_of(times, units):
    later = times + jnp.linspace(0, 1e-3, len(times))
    return jax.tree.map(lambda *x: jnp.stack(x), in_order(times, units), in_order(later, units))


def strong_layer(name, drive=1.7):
    params, times, units = some_layer(name)
    return params._replace(w_in=drive * params.w_in), batch_of(times, units)


def at_release(params, spikes):
    """How many spikes come when a refractory period ends, and the shortest interval beyond the period [s]."""
    number, least = 0, np.inf
    for times, units in zip(np.asarray(spikes.times), np.asarray(spikes.units), strict=True):
        for n in range(NEURONS_OF_LAYER):
            beyond = np.diff(times[units == n]) - float(params.refractory[n])
            number, least = number + np.count_nonzero(np.abs(beyond) < 1e-9), min(least, *beyond)
    return number, least


def gradient(params, events, engine):
    """Of a function of all spike times, and of the counts with their heuristic derivative."""

    def score(params, times):
        spikes, counts = lif_layer_with_counts(params, events._replace(times=times), **SETTINGS, engine=engine)
        weights = jnp.cos(jnp.arange(spikes.capacity))
        total = jnp.sum(jnp.where(spikes.valid, weights * 100 * spikes.times, 0)) + jnp.sum(jnp.cos(counts))
        return total, spikes

    return jax.jit(jax.grad(score, (0, 1), has_aux=True))(params, events.times)


def assert_alike(found, expected, rtol):
    (gradient, spikes), (other, exact) = found, expected
    np.testing.assert_array_equal(spikes.units, exact.units)
    np.testing.assert_allclose(spikes.times, exact.times, rtol=0, atol=1e-10)
    assert all(np.abs(x).max() > 0 for x in jax.tree.leaves(other))
    assert_close(gradient, other, rtol)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dead-time", "clamp"])
def test_engines_agree_with_the_general_solver(name):
    params, events = strong_layer(name)
    expected = gradient(params, events, "ode")
    number, least = at_release(params, expected[1])
    assert expected[1].count.min() >= 10 and least > -1e-12
    assert (number >= 10) if name == "dead-time" else (number == 0)
    for engine in COMPILED:
        assert_alike(gradient(params, events, engine), expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("shared", "delay"), [(True, DELAY), (False, 0.0), pytest.param(False, DELAY, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", ["dead-time", "clamp"])
def test_engines_agree(name, shared, delay, monkeypatch):
    monkeypatch.setitem(SETTINGS, "delay", delay)
    params, events = strong_layer(name)
    if shared:
        params = params._replace(tau_mem=params.tau_mem.mean(), tau_syn=params.tau_syn.mean())
    expected = gradient(params, events, "xla")
    assert expected[1].count.min() >= 10
    for engine in COMPILED:
        assert_alike(gradient(params, events, engine), expected, rtol=1e-9)


@pytest.mark.parametrize("engine", ["xla", pytest.param("numba", marks=pytest.mark.slow)])  # to compile takes long
@pytest.mark.parametrize("name", ["dead-time", "clamp"])
def test_single_precision_in_a_long_recording(name, engine, monkeypatch):
    """Late input in float32 has the gradient that early input has in float64."""
    late = 1000.0
    params, events = strong_layer(name)
    params, events = params._replace(w_in=params.w_in[:, :1], w_rec=None), jax.tree.map(lambda x: x[:1], events)
    params = jax.tree.map(lambda x: x[:1] if x.shape == (NEURONS_OF_LAYER,) else x, params)  # no order to be rounded
    early = jnp.round(events.times * 2**13) / 2**13  # that both types hold

    def gradient(params, times, duration):
        def score(params, times):
            spikes = lif_layer(params, events._replace(times=times), duration=duration, capacity=40, engine=engine)
            weights = jnp.where(spikes.valid, jnp.cos(jnp.arange(spikes.capacity)), 0).astype(times.dtype)
            return jnp.vdot(weights, jnp.where(spikes.valid, spikes.times, 0)), spikes.count

        return jax.jit(jax.grad(score, (0, 1), has_aux=True))(params, times)

    expected, count = gradient(params, early, DURATION)
    single = jax.tree.map(lambda x: x.astype(jnp.float32), (params, early + late))
    with pytest.warns(UserWarning, match="float32 resolves times"):
        found, same = gradient(*single, late + DURATION)
    assert count == same and count >= 5
    assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(found))
    assert_close(found, expected, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dead-time", "clamp"])
def test_single_precision(name):
    """Where float32 resolves the times, numba compiles other kernels than in the long recording."""
    params, events = jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype == jnp.float64 else x, strong_layer(name))
    (found, _), spikes = gradient(params, events, "numba")
    (expected, _), same = gradient(params, events, "xla")
    np.testing.assert_array_equal(spikes.units, same.units)
    assert_close(found, expected, rtol=1e-2)


@pytest.mark.parametrize("engine", COMPILED)
def test_a_clamped_neuron_goes_on_with_its_current(engine):
    """One input; after the clamp the voltage rises from the reset by what the current still is."""
    clamp = 7e-3
    params = NEURONS["clamp"].make_params(np.array([[12.0]]), refractory=clamp)
    events = pad_events([([1e-3], [0])])
    first, second = lif_layer(params, events, duration=0.05, capacity=4, engine=engine).times[0, :2]
    lif = NEURONS["lif"].make_params(np.array([[12.0 * np.exp(-(first - 1e-3 + clamp) / 5e-3)]]))
    again = lif_layer(lif, pad_events([([0.0], [0])]), duration=0.05, capacity=4, engine=engine).times[0, 0]
    np.testing.assert_allclose(second, first + clamp + again, rtol=1e-12)


@pytest.mark.parametrize("engine", COMPILED)
def test_a_falling_voltage_spikes_at_the_end_of_a_dead_time_if_it_is_above_the_threshold(engine):
    events = pad_events([([1e-3], [0])])
    for drive, spikes in ((30.0, [1, 2]), (8.0, [1])):  # the voltage after the spike is high, or soon below again
        params = NEURONS["dead-time"].make_params(np.array([[drive]]), refractory=12e-3)
        found = lif_layer(params, events, duration=25e-3, capacity=4, engine=engine)
        assert found.count[0] == len(spikes)
        if len(spikes) == 2:
            np.testing.assert_allclose(np.diff(found.times[0, :2]), 12e-3, rtol=1e-12)


@pytest.mark.parametrize("engine", COMPILED)
@pytest.mark.parametrize("name", ["dead-time", "clamp"])
def test_a_period_beyond_the_end_lets_each_neuron_spike_once(name, engine):
    params, events = strong_layer(name)
    params = params._replace(refractory=jnp.asarray(3 * DURATION))
    derivative, spikes = gradient(params, events, engine)
    np.testing.assert_array_equal(spikes.count, NEURONS_OF_LAYER)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(derivative))
    assert derivative[0].refractory == 0 and np.abs(derivative[0].w_in).max() > 0
