"""Voltages as a differentiable function: against the closed form event by event, and against central differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import SETTINGS, some_events, some_params

from solvers import bptt, eventprop
from solvers.delays import Delays
from solvers.events import without_ghosts
from solvers.neurons import NEURONS
from solvers.reference import traces
from solvers.surrogates import Surrogate
from solvers.voltages import voltages

TIMES = np.linspace(50e-3, 1e-3, 11)  # in any order
ON_GRID = dict(duration=60e-3, delay=1e-3, dt=1e-3)
pytestmark = pytest.mark.usefixtures("float64")


def trains(events, k):
    return tuple(np.asarray(x[k][: events.count[k]]) for x in (events.times, events.units))


@pytest.mark.parametrize("delays", [0.0, 5e-3])
def test_the_closed_form_event_by_event(delays):
    params, events = some_params(delays=delays), some_events()
    spikes = eventprop.lif_layer(params, events, **SETTINGS)
    found = voltages(params, events, spikes, TIMES, delay=SETTINGS["delay"])
    for k in range(len(found)):
        expected = traces.states(params, trains(events, k), trains(spikes, k), TIMES, delay=SETTINGS["delay"]).v
        np.testing.assert_allclose(found[k], expected, atol=1e-13)
    one = voltages(params, *jax.tree.map(lambda x: x[1], (events, spikes)), TIMES, delay=SETTINGS["delay"])
    np.testing.assert_allclose(one, found[1], atol=1e-14)


def test_on_a_grid():
    params, events = some_params(), some_events()
    times = 1e-3 * np.arange(3, 60, 7)
    spikes = bptt.event_layer(params, events, **ON_GRID, surrogate=Surrogate())
    found = voltages(params, events, spikes, times, delay=1e-3, dt=1e-3)
    heard, own = trains(events, 0), trains(without_ghosts(spikes), 0)
    heard = np.rint(heard[0] / 1e-3) * 1e-3, heard[1]
    np.testing.assert_allclose(found[0], traces.states(params, heard, own, times, delay=1e-3).v, atol=1e-13)


@pytest.mark.parametrize("dead_time", [False, True])
def test_the_gradient_is_exact_in_continuous_time(dead_time):
    params, events = some_params(delays=3e-3), some_events()
    if dead_time:
        params = NEURONS["dead-time"].make_params(*params[:2], delays=params.delays, refractory=2e-3)

    @jax.jit
    def loss(both):
        params, times = both
        given = events._replace(times=times)
        spikes = eventprop.lif_layer(params, given, **SETTINGS)
        return jnp.sum(jnp.sin(3 * voltages(params, given, spikes, TIMES, delay=SETTINGS["delay"])))

    rng, at = np.random.default_rng(0), (params, jnp.where(events.valid, events.times, 0.07))
    along = jax.tree.map(lambda x: rng.normal(size=x.shape) * np.abs(x).mean(), at)
    moved = lambda h: jax.tree.map(lambda x, y: x + h * y, at, along)  # noqa: E731
    gradient = jax.grad(loss)(at)
    expected = sum(np.sum(x * y) for x, y in zip(jax.tree.leaves(gradient), jax.tree.leaves(along), strict=True))
    np.testing.assert_allclose((loss(moved(1e-7)) - loss(moved(-1e-7))) / 2e-7, expected, rtol=1e-5)


def test_what_has_none_is_refused():
    events, params = some_events(), some_params()
    spikes = eventprop.lif_layer(params, events, **SETTINGS)
    clamp = NEURONS["clamp"].make_params(*params[:2])
    with pytest.raises(ValueError, match="got ClampParams, expected LIF neurons"):
        voltages(clamp, events, spikes, TIMES)
    with pytest.raises(ValueError, match="delays of synapses"):
        voltages(params._replace(delays=Delays(jnp.ones_like(params.w_in))), events, spikes, TIMES)
    spikes = bptt.event_layer(params, events, **ON_GRID, surrogate=Surrogate())
    with pytest.raises(ValueError, match="a time grid interpolates"):
        voltages(some_params(delays=1e-3), events, spikes, TIMES, dt=1e-3)
    few = eventprop.lif_layer(params, events, **SETTINGS | dict(capacity=2))
    assert np.isnan(voltages(params, events, few, TIMES)).all()
