"""The network: shapes, reproducible initialisation, equal interfaces of both methods, clear errors."""

import jax
import numpy as np
import pytest

from gradlab.methods import METHODS
from gradlab.networks.initialisers import INITIALISERS
from gradlab.networks.network import Network
from gradlab.networks.readouts import READOUTS
from solvers.events import pad_events

SMALL = dict(inputs=8, outputs=3, duration=0.05)


def events():
    rng = np.random.default_rng(0)
    return pad_events([(0.05 * rng.random(30), rng.integers(0, 8, 30)) for _ in range(2)])


@pytest.mark.parametrize("initialiser", INITIALISERS)
def test_initial_parameters_have_the_right_shapes_and_follow_the_key(initialiser):
    network = Network(hidden=(6, 5), initialiser=initialiser, **SMALL)
    params, again = network.init(jax.random.key(1)), network.init(jax.random.key(1))
    assert [layer.w_in.shape for layer in params.layers] == [(8, 6), (6, 5)]
    assert [layer.w_rec.shape for layer in params.layers] == [(6, 6), (5, 5)]
    assert params.readout.w.shape == (5, 3)
    assert all((a == b).all() for a, b in zip(jax.tree.leaves(params), jax.tree.leaves(again), strict=True))
    other = network.init(jax.random.key(2))
    assert not np.array_equal(params.layers[0].w_in, other.layers[0].w_in)


def test_a_delay_line_has_weights_of_its_own_for_each_copy():
    assert Network(hidden=(6,), delay_line=3, **SMALL).init(jax.random.key(0)).layers[0].w_in.shape == (24, 6)


def test_pooled_channels_share_weights():
    assert Network(hidden=(6,), pool=3, **SMALL).init(jax.random.key(0)).layers[0].w_in.shape == (3, 6)


def test_neurons_of_other_time_constants_get_weights_that_make_up_for_them():
    key, settings = jax.random.key(3), dict(hidden=(6,), **SMALL)
    plain, drawn = (Network(constants=kind, **settings).init(key).layers[0] for kind in ("equal", "gamma"))
    vary = lambda layer: layer.w_in**2 * layer.tau_syn**2 / (layer.tau_mem + layer.tau_syn)  # noqa: E731
    assert np.ptp(drawn.tau_syn) > 0
    np.testing.assert_allclose(vary(drawn), vary(plain), rtol=1e-5)
    np.testing.assert_allclose(drawn.w_rec / plain.w_rec, (drawn.w_in / plain.w_in)[:6], rtol=1e-5)


def test_feed_forward_network_has_no_recurrent_weights():
    assert Network(hidden=(6,), recurrent=False, **SMALL).init(jax.random.key(0)).layers[0].w_rec is None


@pytest.mark.parametrize("loss", READOUTS)
def test_all_methods_answer_in_the_same_shapes(loss):
    network = Network(hidden=(6, 5), loss=loss, **SMALL)
    params = network.init(jax.random.key(0))
    room, key = (200,) * len(network.spiking_sizes), jax.random.key(0)
    answers = {name: method().forward(network, params, events(), room, key) for name, method in METHODS.items()}
    for output in answers.values():
        assert output.logits.shape == (2, 3)
        assert [count.shape for count in output.counts] == [(2, 6), (2, 5)]
        assert output.largest.shape == (len(network.spiking_sizes),)
    exact = answers["eventprop"]
    assert [int(s.count.max()) for s in exact.spikes] == list(exact.largest[:2])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"loss": "sum"}, "loss is 'sum', expected one of mean, exp, max, ttfs"),
        ({"initialiser": "zeros"}, "initialiser is 'zeros', expected one of"),
        ({"neuron": "other"}, "neuron is 'other', expected one of lif, adaptive, quadratic, exponential"),
        ({"inputs": 0}, "inputs is 0, expected a whole number >= 1"),
        ({"input_rate": 0.0}, "input_rate is 0, expected a finite number > 0"),
        (
            {"other_constants": (("tau_adapt", 0.1),)},
            "other_constants has 'tau_adapt', expected nothing for neuron 'lif'",
        ),
        (
            {"neuron": "adaptive", "other_constants": (("tau_adapt", 0.0),)},
            "tau_adapt is 0, expected a finite number > 0",
        ),
        (
            {"neuron": "adaptive", "other_constants": (("jump", 0.1), ("jump", 0.2))},
            "other_constants are .*, expected each name once",
        ),
        ({"hidden": ()}, "hidden is .*, expected a tuple, each entry a whole number >= 1 .* 1 or more"),
        ({"pool": 0}, "pool is 0, expected a whole number >= 1"),
        ({"delay_line": 0}, "delay_line is 0, expected a whole number >= 1"),
        ({"delay_step": 0.0}, "delay_step is 0, expected a finite number > 0"),
        ({"tau_mem": -1.0}, "tau_mem is -1, expected a finite number > 0"),
        ({"delay": -1e-3}, "delay is -0.001, expected a finite number >= 0"),
        ({"reset": 2.0}, "expected below the threshold"),
    ],
)
def test_impossible_settings_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        Network(**SMALL | setting)
