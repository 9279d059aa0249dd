"""Layers for models of one's own: parameters, what passes gradients, what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab import Network, layers
from gradlab.methods import BPTT, METHODS, EventProp, FeedbackAlignment
from gradlab.networks.readouts import READOUTS
from solvers.events import pad_events, without_ghosts

KEY = jax.random.key(0)
SETTINGS = dict(duration=0.05, input_rate=100.0, key=KEY)


def some_events():
    rng = np.random.default_rng(0)
    return pad_events([(rng.uniform(0, 0.05, 60), rng.integers(0, 8, 60)) for _ in range(3)])


def test_parameters_are_those_of_a_network():
    own = dict(neuron="dead-time", other_constants=(("refractory", 2e-3),), constants="gamma", input_delays="channels")
    own |= dict(longest_delay=5e-3)
    first = layers.LIF(8, 6, **SETTINGS, **own)
    second = layers.LIF(6, 4, **SETTINGS | dict(input_rate=None), recurrent=False)
    expected = Network(8, 1, hidden=(6,), duration=0.05, input_rate=100.0, **own).init(KEY).layers[0]
    jax.tree.map(np.testing.assert_array_equal, first.params, expected)
    expected = Network(6, 1, hidden=(6, 4), duration=0.05, recurrent=False).init(KEY).layers[1]
    jax.tree.map(np.testing.assert_array_equal, second.params, expected)


@pytest.mark.parametrize("method", [EventProp(), BPTT()], ids=lambda method: method.name)
def test_only_what_is_trained_passes_gradients(method):
    for trained in (False, True):
        layer = layers.LIF(
            8, 6, **SETTINGS, method=method, input_delays="channels", longest_delay=5e-3, train_constants=trained,
            train_delays=trained,
        )  # fmt: skip
        readout = layers.LI(6, 2, duration=0.05, key=KEY)
        gradient, of_readout = eqx.filter_grad(lambda both: both[1](both[0](some_events())).sum())((layer, readout))
        marks, of_marks = layers.is_trained((layer, readout))
        for one, mark in zip(jax.tree.leaves(gradient), jax.tree.leaves(marks), strict=True):
            assert bool(np.any(one)) == mark or not trained
            assert mark or not np.any(one)
        assert np.any(of_readout.params.w) and not np.any(of_readout.params.tau_mem)
        assert of_marks.params == (True, False, False)
        assert marks.params.w_in and marks.params.tau_mem is trained and marks.params.delays.inputs is trained


def test_one_shape_of_call():
    events = some_events()
    for method in (EventProp(), BPTT()):
        layer = layers.LIF(8, 6, **SETTINGS, method=method)
        spikes, counts = layer.with_counts(events)
        one = layer(jax.tree.map(lambda x: x[1], events))
        np.testing.assert_array_equal(without_ghosts(spikes).count, counts.sum(1))
        np.testing.assert_array_equal(one.times, spikes.times[1])
        assert counts.sum() > 20 and layer.voltages(events, spikes, np.array([0.01, 0.02])).shape == (3, 2, 6)


def test_a_readout_is_that_of_a_network():
    spikes = layers.LIF(8, 6, **SETTINGS)(some_events())
    for name in ("mean", "exp"):
        readout = layers.LI(6, 2, duration=0.05, key=KEY, readout=name)
        expected = READOUTS[name].from_events(readout.params, spikes, 6, 0.05)
        np.testing.assert_array_equal(readout(spikes), expected)
        np.testing.assert_allclose(readout(jax.tree.map(lambda x: x[0], spikes)), expected[0], rtol=1e-5)
    times = np.linspace(0, 0.05, 2001)
    mean = layers.LI(6, 2, duration=0.05, key=KEY, readout="mean")
    np.testing.assert_allclose(mean.voltages(spikes, times).mean(1), mean(spikes), rtol=2e-2, atol=1e-4)
    with pytest.raises(ValueError, match="readout is 'max', expected mean or exp; others follow from voltages"):
        layers.LI(6, 2, duration=0.05, key=KEY, readout="max")


def test_what_is_refused():
    with pytest.raises(TypeError, match="a layer has no setting 'pool': choose from neuron, recurrent"):
        layers.LIF(8, 6, **SETTINGS, pool=2)
    with pytest.raises(ValueError, match="a time grid has no delays of each input synapse"):
        layers.LIF(8, 6, **SETTINGS, method=BPTT(), input_delays="synapses", longest_delay=5e-3)
    with pytest.raises(ValueError, match="reset_gradient is not set"):
        layers.LIF(8, 6, **SETTINGS, method=BPTT(reset_gradient=False)).voltages(
            some_events(), some_events(), np.array([0.1])
        )
    with pytest.raises(ValueError, match="has more than 3 spikes, expected less: raise capacity"):
        layers.LIF(8, 6, **SETTINGS, capacity=3)(some_events())
    with pytest.raises(ValueError, match="checkpoint is set"):
        layers.LIF(8, 6, **SETTINGS, method=BPTT(checkpoint=True))(some_events())


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_layers_or_says_that_it_has_none(name):
    layer = layers.LIF(8, 6, **SETTINGS, method=METHODS[name]())
    if hasattr(type(layer.method), "layer") and type(layer.method).layer is not FeedbackAlignment.layer:
        gradient = eqx.filter_grad(lambda layer: layer.with_counts(some_events())[1].sum())(layer)
        assert np.any(gradient.params.w_in)
    else:
        with pytest.raises(ValueError, match=f"method {name} has no layers for models of your own"):
            layer(some_events())


def test_a_surrogate_of_ones_own():
    def gradient(method):
        layer = layers.LIF(8, 6, **SETTINGS, method=method)
        return eqx.filter_grad(lambda layer: layer.with_counts(some_events())[1].sum())(layer).params.w_in

    own = BPTT(surrogate=lambda x: 1 / (1 + 10 * jnp.abs(x)) ** 2)
    np.testing.assert_allclose(gradient(own), gradient(BPTT()), rtol=1e-5)
