"""Delays as parameters of a network: first values, bounds, and training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_data import assert_same, tiny_network, tiny_splits

import solvers.delays as solver_delays
from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig
from gradlab.networks.delays import DISTRIBUTIONS, delay_quantiles
from gradlab.training.trained import constrained_params, projected_params, unconstrained_params

LONGEST = 20e-3  # [s]
CONFIG = TrainConfig(epochs=2, batch_size=8, learning_rate=0.01, channel_shift=1, rate_strength=0, lift_silent=0)


def make_network(**settings):
    usual = dict(hidden=(6,), input_delays="channels", recurrent_delays="neurons", longest_delay=LONGEST)
    return tiny_network(**usual | settings)


def delays_of(params):
    return params.layers[0].delays


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_first_values(distribution):
    network = make_network(hidden=(2000,), initial_delays=distribution)
    delays = delays_of(jax.eval_shape(network.init, jax.random.key(0)))
    assert delays.inputs.shape == (network.rows,) and delays.recurrent.shape == (2000,)
    values = np.asarray(delays_of(network.init(jax.random.key(0))).recurrent)
    mean, deviation = {"zero": (0, 0), "uniform": (0.5, 12**-0.5), "gaussian": (0.5, 1 / 6)}[distribution]
    np.testing.assert_allclose([values.mean(), values.std()], np.multiply(LONGEST, [mean, deviation]), rtol=0.04)
    assert values.min() >= 0 and values.max() <= np.float32(LONGEST)


def test_each_synapse_can_have_one():
    network = make_network(input_delays="synapses", recurrent_delays="synapses")
    delays = delays_of(network.init(jax.random.key(0)))
    assert delays.inputs.shape == (network.rows, 6) and delays.recurrent.shape == (6, 6)
    assert len(np.unique(delays.inputs)) == delays.inputs.size
    with pytest.raises(ValueError, match="delay is 0, expected > 0 beside delays of synapses"):
        make_network(input_delays="synapses", delay=0.0)


def test_positions_keep_all_delays_within_the_longest():
    settings = dict(hidden=(200,), input_delays="positions", recurrent_delays="positions")
    network = make_network(**settings)
    params = network.init(jax.random.key(0))
    assert delays_of(params).inputs.shape == (network.rows, 3) and delays_of(params).neurons.shape == (200, 3)
    trained, constant = unconstrained_params(params, network, CONFIG)
    moved = projected_params(jax.tree.map(lambda x: 3 * x - 1, trained), network)
    back = constrained_params(moved, constant, network)
    for layer in (params.layers[0], back.layers[0]):
        for delays in solver_delays.delays_of(layer):
            assert 0 <= delays.min() and 0.5 * LONGEST < delays.max() <= LONGEST * (1 + 1e-6)
    assert len(delay_quantiles(params.layers)) == 2
    with pytest.raises(ValueError, match="input_delays are none, recurrent_delays positions: expected positions for"):
        make_network(**settings | {"input_delays": "none"})
    with pytest.raises(ValueError, match="initial_delays are zero, expected uniform or gaussian"):
        make_network(**settings, initial_delays="zero")
    make_network(**settings | {"recurrent_delays": "none"}, recurrent=False)


@pytest.mark.slow
def test_positions_are_trained():
    network = make_network(input_delays="positions", recurrent_delays="positions")
    first = EventPropTrainer(network, CONFIG).init()
    result = EventPropTrainer(network, CONFIG).fit(tiny_splits(), progress=False)
    assert result.status == "ok"
    for before, after in zip(delays_of(first), delays_of(result.params), strict=True):
        assert np.mean(before != after) > 0.5
    with pytest.raises(ValueError, match="a time grid has no delays of each"):
        BPTTTrainer(network, CONFIG)


def test_delays_change_no_other_first_value_and_come_only_where_asked_for():
    none, inputs = make_network(input_delays="none", recurrent_delays="none"), make_network(recurrent_delays="none")
    params, with_delays = none.init(jax.random.key(0)), inputs.init(jax.random.key(0))
    assert delays_of(params) is None and delays_of(with_delays).recurrent is None
    assert_same(params, with_delays._replace(layers=(with_delays.layers[0]._replace(delays=None),)))
    with pytest.raises(ValueError, match="recurrent_delays are given, but there are no recurrent weights"):
        make_network(recurrent=False)
    with pytest.raises(ValueError, match="longest_delay is 100 s, expected less than the duration"):
        make_network(longest_delay=100.0)


def test_unconstrained_delays_are_milliseconds_and_are_put_back_into_their_bounds():
    network = make_network()
    params = network.init(jax.random.key(0))
    trained, constant = unconstrained_params(params, network, CONFIG)
    np.testing.assert_allclose(delays_of(trained).inputs, 1e3 * delays_of(params).inputs, rtol=1e-6)
    assert_close = np.testing.assert_allclose
    assert_close(delays_of(constrained_params(trained, constant, network)).inputs, delays_of(params).inputs, rtol=1e-6)
    moved = jax.tree.map(lambda x: x + 1e3 * jnp.sign(x - x.mean()), trained)
    back = constrained_params(projected_params(moved, network), constant, network)
    for values in delays_of(back):
        np.testing.assert_allclose(np.unique(values), [0, LONGEST], rtol=1e-6)
    np.testing.assert_array_equal(back.layers[0].w_in, moved.layers[0].w_in)  # only delays have such bounds
    too_long = delays_of(params)._replace(inputs=delays_of(params).inputs + LONGEST)
    with pytest.raises(ValueError, match="delays.inputs are up to .* s, expected at most 0.02 s to be trained"):
        unconstrained_params(params._replace(layers=(params.layers[0]._replace(delays=too_long),)), network, CONFIG)


@pytest.mark.parametrize("trainer", [EventPropTrainer, BPTTTrainer], ids=lambda trainer: trainer.__name__)
def test_delays_are_trained_or_frozen(trainer):
    network = make_network()
    first = trainer(network, CONFIG).init()
    result = trainer(network, CONFIG).fit(tiny_splits(), progress=False)
    assert result.status == "ok"
    for name, values in delays_of(result.params)._asdict().items():
        before = getattr(delays_of(first), name)
        assert np.mean(values != before) > 0.5
        assert values.min() >= 0 and values.max() <= LONGEST * (1 + 1e-6)
        key = f"{name}_delays_quantiles"
        assert result.history[key][-1] == delay_quantiles(result.params.layers)[key]
    frozen = TrainConfig(**vars(CONFIG) | {"train_delays": False})
    result = trainer(network, frozen).fit(tiny_splits(), progress=False)
    assert_same(delays_of(result.params), delays_of(first))


def test_what_cannot_be_simulated_is_refused_by_name():
    with pytest.raises(ValueError, match="a time grid has no delays of each recurrent synapse"):
        BPTTTrainer(make_network(recurrent_delays="synapses"), CONFIG)
    with pytest.raises(ValueError, match="checkpoint is set, but with delays all steps are kept"):
        BPTTTrainer(make_network(), CONFIG, checkpoint=True)
    with pytest.raises(ValueError, match="engine xla has no delays of each neuron: choose numba"):
        EventPropTrainer(make_network(), CONFIG, engine="xla")
