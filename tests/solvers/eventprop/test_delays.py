"""Delays in continuous time: spikes, and gradients against independent oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import (
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

from solvers import reference
from solvers.delays import AXON, INPUT_SYNAPSE, RECURRENT_SYNAPSE, Delays, Positions
from solvers.eventprop import ENGINES, lif_layer
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

LONGEST = 8e-3  # [s]
ABLE = [name for name, engine in ENGINES.items() if AXON in engine.delays]
OF_SYNAPSES = [name for name, engine in ENGINES.items() if {INPUT_SYNAPSE, RECURRENT_SYNAPSE} <= set(engine.delays)]
pytestmark = pytest.mark.usefixtures("float64")


def changed(params, **delays):
    return params._replace(delays=params.delays._replace(**delays))


def zero(params):
    return changed(params, inputs=jnp.zeros(INPUTS), recurrent=jnp.zeros(NEURONS))


def longer_than_the_trial(params):
    """Of a channel and a neuron."""
    return changed(params, inputs=params.delays.inputs.at[1].set(1.0), recurrent=params.delays.recurrent.at[0].set(1.0))


def compare_with_references(params, events, delay, engine):
    """Spikes, and the gradient of a random function of their times."""
    settings = {**SETTINGS, "delay": delay, "engine": engine}
    expected = reference.simulate(params, events, duration=SETTINGS["duration"], delay=delay)
    spikes = lif_layer(params, events, **settings)
    assert_same_spikes(spikes, expected)
    assert expected.count > 10
    weights = np.random.default_rng(0).normal(size=spikes.capacity)

    def weighted(params, times):
        spikes = lif_layer(params, events._replace(times=times), **settings)
        return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0))

    found = jax.grad(weighted, (0, 1))(params, events.times)
    assert_close(found, reference.implicit_gradient(params, events, spikes, weights, delay=delay), rtol=1e-9)
    assert all(np.abs(x).max() > 0 for x in found[0].delays if x is not None)


@pytest.mark.parametrize("change", [lambda params: params, zero, longer_than_the_trial], ids=["drawn", "0", "long"])
@pytest.mark.parametrize("delay", [0.0, 0.05e-3, 1e-3])
@pytest.mark.parametrize("engine", ABLE)
def test_channels_and_neurons_equal_the_references(engine, delay, change):
    for shared in (True, False):
        params = change(some_params(1, shared, delays=LONGEST))
        compare_with_references(params, sample(some_events(1)), delay, engine)


def delays_of_synapses(case):
    rng = np.random.default_rng(5)
    inputs = rng.uniform(0, 10e-3, (INPUTS, NEURONS))
    recurrent = rng.uniform(0, LONGEST, (NEURONS, NEURONS))
    match case:
        case "0":
            inputs, recurrent = 0 * inputs, 0 * recurrent
        case "long":  # longer than the trial
            inputs[1], recurrent[0] = 1.0, 1.0
        case "inputs only" | "feed-forward":
            return Delays(jnp.asarray(inputs))
        case "recurrent only":
            return Delays(recurrent=jnp.asarray(recurrent))
        case "inputs, and neurons":
            recurrent = recurrent[:, 0]
        case "channels, and recurrent":
            inputs = inputs[:, 0]
    return Delays(jnp.asarray(inputs), jnp.asarray(recurrent))


@pytest.mark.parametrize(
    ("case", "delay"),
    [
        ("drawn", 0.05e-3), ("drawn", 1e-3), ("0", 1e-3), ("long", 1e-3), ("inputs only", 1e-3), ("feed-forward", 1e-3),
        ("recurrent only", 1e-3), ("inputs, and neurons", 1e-3), ("channels, and recurrent", 1e-3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("engine", OF_SYNAPSES)
def test_synapses_equal_the_references(engine, delay, case):
    for shared in (True, False):
        params = some_params(1, shared, recurrent=case != "feed-forward")._replace(delays=delays_of_synapses(case))
        compare_with_references(params, sample(some_events(1)), delay, engine)


def some_positions():
    rng = np.random.default_rng(6)
    return Positions(*(jnp.asarray(rng.uniform(0, 5e-3, (n, 3))) for n in (INPUTS, NEURONS)))


@pytest.mark.parametrize("recurrent", [True, False])
@pytest.mark.parametrize("engine", OF_SYNAPSES)
def test_delays_from_positions_equal_the_references(engine, recurrent):
    params = some_params(1, recurrent=recurrent)._replace(delays=some_positions())
    compare_with_references(params, sample(some_events(1)), 1e-3, engine)


@pytest.mark.parametrize("engine", OF_SYNAPSES)
def test_synapses_with_equal_delays_are_neurons_and_miss_no_spike(engine):
    """In a million blocks of neurons, with the kernel for neurons as the reference."""
    neurons, inputs, batch, duration = 100, 40, 20, 0.5
    rng = np.random.default_rng(0)
    counts = rng.poisson(inputs * 20 * duration, batch)
    events = pad_events([(rng.uniform(0, duration, n), rng.integers(0, inputs, n)) for n in counts])
    lags = Delays(*(jnp.asarray(rng.uniform(0, 40e-3, n)) for n in (inputs, neurons)))
    params = lif_params(
        rng.normal(0.12, 0.25, (inputs, neurons)), rng.normal(0, 0.1, (neurons, neurons)),
        tau_mem=rng.uniform(10e-3, 20e-3, neurons), tau_syn=rng.uniform(5e-3, 10e-3, neurons), delays=lags,
    )  # fmt: skip
    tied = Delays(*(jnp.broadcast_to(x[:, None], (len(x), neurons)) for x in lags))
    settings = dict(duration=duration, capacity=4096, delay=1e-3, engine=engine)

    def value(delays):
        spikes = lif_layer(params._replace(delays=delays), events, **settings)
        return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times + spikes.units), 0)), spikes

    (_, expected), of_neurons = jax.value_and_grad(value, has_aux=True)(lags)
    (_, found), of_synapses = jax.value_and_grad(value, has_aux=True)(tied)
    assert 200 < expected.count.min() and expected.count.max() < settings["capacity"]
    np.testing.assert_array_equal(found.units, expected.units)
    np.testing.assert_allclose(found.times, expected.times, rtol=0, atol=1e-11)
    assert_close(jax.tree.map(lambda x: x.sum(1), of_synapses), of_neurons, rtol=1e-7)


def test_synapses_of_a_recurrent_layer_need_a_delay_of_transmission():
    params = some_params()._replace(delays=delays_of_synapses("drawn"))
    with pytest.raises(ValueError, match="delay is 0, expected > 0 beside delays of synapses in a recurrent layer"):
        lif_layer(params, some_events(), **{**SETTINGS, "delay": 0.0})


@pytest.mark.parametrize(
    ("engine", "delays"),
    [*((name, some_params(2, delays=LONGEST).delays) for name in ABLE)]
    + [(name, delays) for name in OF_SYNAPSES for delays in (delays_of_synapses("drawn"), some_positions())],
)
def test_gradients_of_delays_equal_central_differences(engine, delays):
    params, events, step = some_params(2), some_events(2), 1e-8
    delays = jax.tree.map(lambda x: jnp.asarray(x, float), delays)
    value = jax.jit(lambda delays: score(params._replace(delays=delays), events, engine=engine))
    for name, found in jax.grad(value)(delays)._asdict().items():
        for place in np.ndindex(found.shape):
            sides = [value(delays._replace(**{name: getattr(delays, name).at[place].add(by)})) for by in (step, -step)]
            np.testing.assert_allclose(found[place], (sides[0] - sides[1]) / (2 * step), rtol=1e-5, atol=1e-4)


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
        if name in FAST:
            found = lif_layer(only_inputs, events, **SETTINGS, engine=name)
            expected = lif_layer(only_inputs, events, **SETTINGS, engine=ABLE[0])
            np.testing.assert_array_equal(found.units, expected.units)
