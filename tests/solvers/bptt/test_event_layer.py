"""The layer on a time grid from events to events: against the layer that gives arrays, and against whole networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import INPUTS, NEURONS, assert_close, some_events, some_params

from solvers import bptt, eventprop
from solvers.events import GridEvents, unit_sums, without_ghosts
from solvers.neurons import NEURONS as MODELS
from solvers.surrogates import Surrogate

SETTINGS = dict(duration=0.06, dt=1e-3, delay=2e-3, surrogate=Surrogate(slope=5.0))
WEIGHTS = np.sin(np.arange(61))  # of each point of the grid, in what is differentiated
pytestmark = pytest.mark.usefixtures("float64")


def wave(times):
    return jnp.sin(times / SETTINGS["dt"])


@pytest.mark.parametrize("delays", [0.0, 4e-3])
@pytest.mark.parametrize("recurrent", [True, False])
def test_spikes_and_gradients_are_those_of_the_arrays(recurrent, delays):
    params, events = some_params(delays=delays), some_events()
    if not recurrent:
        params = params._replace(w_rec=None, delays=delays and params.delays._replace(recurrent=None) or None)

    def by_arrays(params):
        spikes = bptt.lif_layer(params, events, **SETTINGS)
        return jnp.sum(spikes * WEIGHTS[:, None]), spikes

    def by_events(params):
        spikes = bptt.event_layer(params, events, **SETTINGS)
        return unit_sums(spikes, NEURONS, wave).sum(), spikes

    (_, expected), gradient = jax.value_and_grad(by_arrays, has_aux=True)(params)
    (_, found), same = jax.value_and_grad(by_events, has_aux=True)(params)
    np.testing.assert_array_equal(found.spikes(NEURONS), expected)
    assert expected.sum() > 50
    assert_close(same, gradient, rtol=1e-9)
    plain = without_ghosts(found)
    np.testing.assert_array_equal(plain.count, expected.sum((1, 2)))
    assert np.all(np.diff(plain.times[0][: plain.count[0]]) >= 0)


def test_layers_in_a_row_are_a_network():
    """Gradients pass from layer to layer at all points of the grid, with or without the mark that they are."""
    first, second, events = some_params(0), some_params(1)._replace(w_in=some_params(2).w_in[:NEURONS]), some_events()

    class Last:
        def init(self, batch, neurons, dtype):
            return jnp.zeros((batch, neurons), dtype)

        def step(self, state, spikes, time, lag):
            return state + wave(time) * spikes

    def network(layers):
        return bptt.simulate(list(layers), events, Last(), **SETTINGS)[0].sum()

    def row(layers, marked=True):
        spikes = bptt.event_layer(layers[0], events, **SETTINGS)
        assert isinstance(spikes, GridEvents)
        again = spikes if marked else bptt_events(spikes)
        return unit_sums(bptt.event_layer(layers[1], again, **SETTINGS), NEURONS, wave).sum()

    def bptt_events(spikes):
        from solvers.events import Events

        return Events(*spikes)

    expected, gradient = jax.value_and_grad(network)((first, second))
    for marked in (True, False):
        found, same = jax.value_and_grad(row)((first, second), marked)
        np.testing.assert_allclose(found, expected)
        assert_close(same, gradient, rtol=1e-9)


def test_one_sample_is_a_row_of_a_batch():
    params, events = some_params(), some_events()
    batch = bptt.event_layer(params, events, **SETTINGS)
    one = bptt.event_layer(params, jax.tree.map(lambda x: x[1], events), **SETTINGS)
    jax.tree.map(np.testing.assert_array_equal, one, jax.tree.map(lambda x: x[1], batch))


def test_other_grids_are_refused():
    params, events = some_params(), some_events()
    second = params._replace(w_in=params.w_in[:NEURONS])
    spikes = bptt.event_layer(params, events, **SETTINGS)
    with pytest.raises(ValueError, match="another time grid, expected 31 steps of 0.002 s"):
        bptt.event_layer(second, spikes, **SETTINGS | dict(dt=2e-3))
    with pytest.raises(ValueError, match="another time grid, expected 61 steps of 0.002 s"):  # as many steps
        bptt.event_layer(second, spikes, **SETTINGS | dict(dt=2e-3, duration=0.12))
    with pytest.raises(ValueError, match="without_ghosts"):
        eventprop.lif_layer(second, spikes, duration=0.06, capacity=100)


def test_events_without_room_give_none():
    events = some_events()
    lost = bptt.event_layer(some_params(), events._replace(count=events.count.at[1].set(1000)), **SETTINGS)
    assert lost.overflowed.tolist() == [False, True, False] and np.isnan(lost.times[1]).all()


@pytest.mark.parametrize("neuron", ["dead-time", "clamp", "adaptive"])
def test_other_neurons(neuron):
    lif, events = some_params(), some_events()
    params = MODELS[neuron].make_params(lif.w_in, lif.w_rec)
    expected = bptt.lif_layer(params, events, **SETTINGS)
    np.testing.assert_array_equal(bptt.event_layer(params, events, **SETTINGS).spikes(NEURONS), expected)


def test_a_surrogate_may_be_a_function():
    params, events = some_params(), some_events()

    def gradient(surrogate):
        def total(params):
            return unit_sums(
                bptt.event_layer(params, events, **SETTINGS | dict(surrogate=surrogate)), NEURONS, wave
            ).sum()

        return jax.grad(total)(params)

    assert_close(gradient(lambda x: 1 / (1 + 5.0 * jnp.abs(x)) ** 2), gradient(Surrogate(slope=5.0)), rtol=1e-12)
    assert INPUTS == params.inputs
    with pytest.raises(ValueError, match="surrogate is 'superspike', expected Surrogate or Plain"):
        gradient("superspike")
