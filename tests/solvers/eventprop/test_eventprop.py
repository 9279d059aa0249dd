"""The event-driven layer: exact spikes and their invariances. Its gradients: see ``tests/gradients``."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layers import (
    BATCH,
    EVENTS,
    FAST,
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

from solvers.eventprop import lif_layer
from solvers.events import NO_UNIT, pad_events
from solvers.neurons.lif import lif_params
from solvers.reference import simulate

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("delay", [0.0, 0.05e-3, 1e-3, 5e-3])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("tau_mem", "tau_syn", "grid"),
    [
        ((9e-3, 22e-3), (3e-3, 7e-3), 0.0),
        ((9e-3, 22e-3), (3e-3, 7e-3), 4e-3),
        ((3e-3, 7e-3), (9e-3, 22e-3), 0.0),
        ((5e-3, 12e-3), None, 0.0),
    ],
)
def test_spikes_equal_the_reference(delay, shared, tau_mem, tau_syn, grid):
    total = 0
    for seed in range(2):
        params, events = some_params(seed, shared, tau_mem, tau_syn), sample(some_events(seed, grid))
        expected = simulate(params, events, duration=SETTINGS["duration"], delay=delay)
        for engine in FAST:
            assert_same_spikes(lif_layer(params, events, **{**SETTINGS, "delay": delay, "engine": engine}), expected)
        total += int(expected.count)
    assert 20 <= total <= 200


def test_more_neurons_than_a_chunk_of_the_kernel():
    params, events = some_params(3, neurons=70), sample(some_events(3))
    params = params._replace(w_rec=0.2 * params.w_rec)
    expected = simulate(params, events, duration=SETTINGS["duration"], delay=1e-3)
    assert len(np.unique(expected.units)) > 33
    for engine in FAST:
        assert_same_spikes(lif_layer(params, events, **{**SETTINGS, "capacity": 600, "engine": engine}), expected)


def test_a_neuron_that_fires_very_fast():
    params = lif_params(np.array([[400.0]]), tau_mem=20e-3, tau_syn=8e-3, reset=-0.3)
    events = pad_events([(np.array([1e-3, 2e-3]), np.zeros(2, int))])
    expected = simulate(params, sample(events), duration=20e-3, delay=0.0)
    assert expected.count > 150 and np.diff(expected.times).min() < 0.05e-3
    for engine in FAST:
        spikes = lif_layer(params, events, duration=20e-3, capacity=400, delay=0.0, engine=engine)
        assert_same_spikes(sample(spikes), expected)


@pytest.mark.parametrize("engine", FAST)
def test_inhibition_and_empty_input_are_silent(engine):
    settings_ = {**SETTINGS, "engine": engine}
    params, events = some_params(), some_events()
    inhibited = params._replace(w_in=-jnp.abs(params.w_in))
    empty = pad_events([(np.zeros(0), np.zeros(0, int))] * BATCH)
    assert empty.capacity == 0
    for spikes in (
        lif_layer(inhibited, events, **settings_),
        lif_layer(params, empty, **settings_),
        lif_layer(params, pad_events([(np.zeros(0), np.zeros(0, int))], 4), **settings_),
    ):
        assert not spikes.count.any() and np.isinf(spikes.times).all() and (spikes.units == NO_UNIT).all()
    gradient = jax.grad(score)(params, empty, engine=engine)
    assert all((np.asarray(x) == 0).all() for x in jax.tree.leaves(gradient))


@pytest.mark.parametrize("engine", FAST)
def test_spikes_end_with_the_trial(engine):
    params, events = some_params(), some_events()
    complete = lif_layer(params, events, **SETTINGS)
    end = float(complete.times[0, 6:8].mean())
    spikes = lif_layer(params, events, **{**SETTINGS, "duration": end, "engine": engine})
    assert spikes.count[0] == 7
    for b in range(BATCH):
        inside = jnp.sum(complete.times[b] < end)
        assert_same_spikes(sample(spikes, b), sample(complete, b)._replace(count=inside), atol=1e-14)


@pytest.mark.parametrize("recurrent", [True, False])
def test_shared_constants_equal_one_entry_for_each_neuron(recurrent):
    events, shared = some_events(), some_params(shared=True, recurrent=recurrent)
    names = "tau_mem", "tau_syn", "threshold", "reset"
    each = shared._replace(**{name: jnp.full(NEURONS, getattr(shared, name)) for name in names})
    np.testing.assert_allclose(
        lif_layer(shared, events, **SETTINGS).times, lif_layer(each, events, **SETTINGS).times, rtol=0, atol=1e-12
    )
    of_shared, of_each = jax.grad(score)(shared, events), jax.grad(score)(each, events)
    summed = of_each._replace(**{name: getattr(of_each, name).sum() for name in names})
    assert_close(of_shared, summed)
    only_weights = jax.grad(lambda w: score(shared._replace(w_in=w), events))(shared.w_in)
    assert_close(only_weights, of_each.w_in)


@pytest.mark.parametrize("engine", FAST)
def test_padding_changes_nothing(engine):
    usual = {**SETTINGS, "engine": engine}
    params, events = some_params(), some_events()
    padded = some_events(capacity=EVENTS + 13)
    for settings_ in (usual, {**usual, "capacity": 97}):
        spikes, other = lif_layer(params, events, **usual), lif_layer(params, padded, **settings_)
        room = min(spikes.capacity, other.capacity)
        np.testing.assert_array_equal(spikes.times[:, :room], other.times[:, :room])
        np.testing.assert_array_equal(spikes.units[:, :room], other.units[:, :room])

    def by_times(events):
        return jax.grad(lambda times: score(params, events._replace(times=times), engine=engine))(events.times)

    np.testing.assert_array_equal(by_times(padded)[:, :EVENTS], by_times(events))
    np.testing.assert_array_equal(by_times(padded)[:, EVENTS:], 0)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.floats(0, 0.2))
def test_spikes_move_with_the_input(seed, shift):
    params, events = some_params(seed), some_events(seed)
    later = events._replace(times=events.times + shift)
    spikes = lif_layer(params, events, **SETTINGS)
    moved = lif_layer(params, later, **{**SETTINGS, "duration": SETTINGS["duration"] + shift})
    for b in range(BATCH):
        expected = sample(spikes, b)
        assert_same_spikes(sample(moved, b), expected._replace(times=expected.times + shift), atol=1e-11)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.permutations(range(NEURONS)), st.permutations(range(INPUTS)))
def test_names_of_the_units_do_not_matter(seed, neurons, inputs):
    params, events = some_params(seed), some_events(seed)
    neurons, inputs = np.array(neurons), np.array(inputs)
    renamed = params._replace(
        w_in=params.w_in[inputs][:, neurons],
        w_rec=params.w_rec[neurons][:, neurons],
        **{name: getattr(params, name)[neurons] for name in ("tau_mem", "tau_syn", "threshold", "reset")},
    )
    spikes = lif_layer(params, events, **SETTINGS)
    other = lif_layer(renamed, events._replace(units=jnp.argsort(inputs)[events.units]), **SETTINGS)
    np.testing.assert_array_equal(spikes.count, other.count)
    np.testing.assert_array_equal(
        jnp.where(spikes.valid, spikes.units, 0), jnp.where(other.valid, neurons[other.units], 0)
    )
    np.testing.assert_allclose(spikes.times, other.times, rtol=0, atol=1e-11)


def test_the_unit_of_voltage_does_not_matter():
    params, events, unit = some_params(), some_events(), 1e-3
    scaled = params._replace(**{name: unit * getattr(params, name) for name in ("w_in", "w_rec", "threshold", "reset")})
    spikes, other = lif_layer(params, events, **SETTINGS), lif_layer(scaled, events, **SETTINGS)
    np.testing.assert_allclose(spikes.times, other.times, rtol=0, atol=1e-12)
    assert_close(unit * jax.grad(score)(scaled, events).w_rec, jax.grad(score)(params, events).w_rec)
