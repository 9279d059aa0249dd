"""Delays of channels and neurons in continuous time: spikes, and gradients against independent oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import (
    INPUTS,
    NEURONS,
    SETTINGS,
    assert_close,
    assert_same_spikes,
    sample,
    score,
    some_events,
    some_params,
)

from solvers import reference
from solvers.delays import AXON, Delays
from solvers.eventprop import ENGINES, lif_layer

LONGEST = 8e-3  # [s]
ABLE = [name for name, engine in ENGINES.items() if AXON in engine.delays]
pytestmark = pytest.mark.usefixtures("float64")


def changed(params, **delays):
    return params._replace(delays=params.delays._replace(**delays))


def zero(params):
    return changed(params, inputs=jnp.zeros(INPUTS), recurrent=jnp.zeros(NEURONS))


def longer_than_the_trial(params):
    """Of a channel and a neuron."""
    return changed(params, inputs=params.delays.inputs.at[1].set(1.0), recurrent=params.delays.recurrent.at[0].set(1.0))


@pytest.mark.parametrize("change", [lambda params: params, zero, longer_than_the_trial], ids=["drawn", "0", "long"])
@pytest.mark.parametrize("delay", [0.0, 0.05e-3, 1e-3])
@pytest.mark.parametrize("engine", ABLE)
def test_spikes_and_gradients_equal_the_references(engine, delay, change):
    for shared in (True, False):
        params, events = change(some_params(1, shared, delays=LONGEST)), sample(some_events(1))
        settings = {**SETTINGS, "delay": delay}
        expected = reference.simulate(params, events, duration=SETTINGS["duration"], delay=delay)
        spikes = lif_layer(params, events, **settings, engine=engine)
        assert_same_spikes(spikes, expected)
        assert expected.count > 10
        weights = np.random.default_rng(0).normal(size=spikes.capacity)

        def weighted(params, times, weights=weights, settings=settings, events=events):
            spikes = lif_layer(params, events._replace(times=times), **settings, engine=engine)
            return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0))

        found = jax.grad(weighted, (0, 1))(params, events.times)
        assert_close(found, reference.implicit_gradient(params, events, spikes, weights, delay=delay), rtol=1e-9)
        assert all(np.abs(x).max() > 0 for x in found[0].delays)


@pytest.mark.parametrize("engine", ABLE)
def test_gradients_of_delays_equal_central_differences(engine):
    params, events, step = some_params(2, delays=LONGEST), some_events(2), 1e-8
    value = jax.jit(lambda delays: score(params._replace(delays=delays), events, engine=engine))
    for name, found in jax.grad(value)(params.delays)._asdict().items():
        for n in range(len(found)):
            sides = [
                value(params.delays._replace(**{name: getattr(params.delays, name).at[n].add(by)}))
                for by in (step, -step)
            ]
            np.testing.assert_allclose(found[n], (sides[0] - sides[1]) / (2 * step), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("engine", ABLE)
def test_delays_of_zero_are_none_and_equal_ones_are_that_of_the_layer(engine):
    params, events = some_params(3), some_events(3)
    none, lag = lif_layer(params, events, **SETTINGS, engine=engine), 2e-3
    zeros = params._replace(delays=Delays(jnp.zeros(INPUTS), jnp.zeros(NEURONS)))
    for x, y in zip(none, lif_layer(zeros, events, **SETTINGS, engine=engine), strict=True):
        np.testing.assert_array_equal(x, y)
    alike = params._replace(delays=Delays(recurrent=jnp.full(NEURONS, lag)))
    later = {**SETTINGS, "delay": SETTINGS["delay"] + lag, "engine": engine}
    found, expected = lif_layer(alike, events, **SETTINGS, engine=engine), lif_layer(params, events, **later)
    np.testing.assert_array_equal(found.units, expected.units)
    np.testing.assert_allclose(found.times, expected.times, rtol=0, atol=1e-15)


def test_spikes_move_with_the_delays_of_the_input():
    params, events, lag = some_params(4), some_events(4), 3e-3
    spikes = lif_layer(params, events, **SETTINGS)
    delayed = params._replace(delays=Delays(jnp.full(INPUTS, lag)))
    moved = lif_layer(delayed, events, **{**SETTINGS, "duration": SETTINGS["duration"] + lag})
    np.testing.assert_array_equal(spikes.units, moved.units)
    np.testing.assert_allclose(spikes.times + lag, moved.times, rtol=0, atol=1e-12)


def test_engines_without_delays_of_neurons_say_so():
    params, events = some_params(delays=LONGEST), some_events()
    for name in set(ENGINES) - set(ABLE):
        with pytest.raises(ValueError, match=f"engine {name} has no delays of each neuron: choose {ABLE[0]}"):
            lif_layer(params, events, **SETTINGS, engine=name)
        only_inputs = params._replace(delays=Delays(params.delays.inputs))
        if name != "ode":  # it is slow
            found = lif_layer(only_inputs, events, **SETTINGS, engine=name)
            expected = lif_layer(only_inputs, events, **SETTINGS, engine=ABLE[0])
            np.testing.assert_array_equal(found.units, expected.units)
