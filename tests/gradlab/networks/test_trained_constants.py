"""Constants of the neurons: first values, unconstrained numbers and bounds, and training with all methods."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_data import assert_same, tiny_data, tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig
from gradlab.data import batch
from gradlab.measuring.memory import residual_bytes
from gradlab.networks.heterogeneity import KINDS, QUANTILES, quantiles
from gradlab.networks.transforms import constrain, unconstrain
from gradlab.training.trained import constrained_params, split_params, unconstrained_params

REACH = {"tau_mem": 5.0, "tau_syn": 5.0, "threshold": 2.0}
TRAINERS = (EventPropTrainer, BPTTTrainer)
CONFIG = TrainConfig(epochs=2, batch_size=8, learning_rate=0.01, channel_shift=1, train_constants=True, rate_strength=0)


def make_network(constants="gamma", hidden=(6,), **settings):
    return tiny_network(hidden, constants=constants, **dict(threshold=1.5) | settings)


def constants_of(params):
    return {name: np.asarray(getattr(params.layers[0], name)) for name in REACH}


def with_constants(params, **values):
    return params._replace(layers=(params.layers[0]._replace(**values),))


@pytest.mark.parametrize("kind", KINDS)
def test_first_values(kind):
    network = make_network(kind, hidden=(2000,), recurrent=False)
    found = constants_of(network.init(jax.random.key(0)))
    for name, values in found.items():
        setting = getattr(network, name)
        assert values.shape == (() if kind == "shared" else (2000,))
        if kind == "gamma" and name != "threshold":
            # Mean 1 and variance 1/3 of the ratio, a little less by the bounds.
            assert values.mean() / setting == pytest.approx(1, abs=0.04)
            assert values.std() / setting == pytest.approx(3**-0.5, rel=0.06)
            assert setting / REACH[name] < values.min() < 0.3 * setting and values.max() < REACH[name] * setting
        else:
            np.testing.assert_array_equal(values, np.float32(setting))
    if kind == "gamma":
        assert abs(np.corrcoef(found["tau_mem"], found["tau_syn"])[0, 1]) < 0.1


def test_equal_constants_do_not_change_the_weights():
    shared, equal, gamma = (
        split_params(make_network(kind, hidden=(6, 5)).init(jax.random.key(0)))[0] for kind in KINDS
    )
    assert_same(shared, equal)
    assert_same(shared.readout, gamma.readout)  # hidden weights make up for drawn constants, see test_network.py


@pytest.mark.parametrize("kind", KINDS)
def test_unconstrained_numbers_and_back(kind):
    network = make_network(kind)
    params = network.init(jax.random.key(0))
    trained, constant = unconstrained_params(params, network, CONFIG)
    free = constants_of(trained)
    if kind == "equal":
        assert all((x == 0).all() for x in free.values())
    back = constrained_params(trained, constant, network)
    for value, expected in zip(jax.tree.leaves(back), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert_same(split_params(back)[0], split_params(params)[0])


def test_unconstrained_numbers_are_logarithms_near_the_setting_and_stay_in_bounds():
    network = make_network("equal")
    params = network.init(jax.random.key(0))
    free = jnp.array([0.0, 1e-2, -1e-2, 3.0, 1e3, -1e3])
    found = constants_of(constrain(with_constants(params, **dict.fromkeys(REACH, free)), network.bounds))
    for name, values in found.items():
        ratio = values / getattr(network, name)
        np.testing.assert_allclose(ratio[:3], np.exp([0, 1e-2, -1e-2]), rtol=1e-5)
        assert ratio[2] < ratio[0] < ratio[1] < ratio[3] < ratio[4]
        np.testing.assert_allclose(ratio[4:], [REACH[name], 1 / REACH[name]], rtol=1e-5)
        again = constants_of(unconstrain(with_constants(params, **found), network.bounds))[name]
        assert np.isfinite(again).all()


def test_constants_out_of_reach_are_refused():
    network = make_network("equal")
    params = with_constants(network.init(jax.random.key(0)), tau_syn=jnp.full(6, 0.1))
    with pytest.raises(ValueError, match="tau_syn is 0.1 to 0.1, expected within a factor 5 of the network's setting"):
        EventPropTrainer(network, CONFIG).fit(tiny_splits(), params, progress=False)


def test_thresholds_never_reach_the_reset():
    network = make_network(threshold=1.0, reset=0.5)
    EventPropTrainer(network, TrainConfig())
    for trainer in TRAINERS:
        with pytest.raises(ValueError, match="reset is 0.5, expected < 0.5, to which thresholds may be trained"):
            trainer(network, CONFIG)


def test_unknown_kind():
    with pytest.raises(ValueError, match="constants is 'other', expected one of shared, equal, gamma"):
        make_network("other")


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda trainer: trainer.__name__)
@pytest.mark.parametrize("kind", ["shared", "gamma"])
def test_constants_are_trained_and_stay_in_bounds(kind, trainer):
    network = make_network(kind)
    trainer = trainer(network, CONFIG)
    before, result = trainer.init(), trainer.fit(tiny_splits(), progress=False)
    assert result.status == "ok"
    for name, values in constants_of(result.params).items():
        first, ratio = constants_of(before)[name], values / getattr(network, name)
        assert values.shape == first.shape
        assert np.mean(values != first) > 0.5  # those of silent neurons stay
        assert np.all((1 / REACH[name] < ratio) & (ratio < REACH[name]))
        assert len(result.history[f"{name}_quantiles"]) == CONFIG.epochs
    last = {name: found[-1] for name, found in result.history.items() if name.endswith("quantiles")}
    assert last == quantiles(result.params.layers, REACH)
    assert np.any(result.params.readout.tau_mem != before.readout.tau_mem)
    assert_same(result.params.layers[0].reset, before.layers[0].reset)


def test_the_factor_scales_the_first_step():
    """Adam's first step is the learning rate in the direction of the sign, whatever the gradient."""
    steps = {}
    for factor in (0.5, 2.0):
        config = TrainConfig(epochs=1, batch_size=8, train_constants=True, constants_factor=factor, lift_silent=0)
        network = make_network("equal")
        trainer = EventPropTrainer(network, config)
        before, result = trainer.init(), trainer.fit(tiny_splits()._replace(train=tiny_data(8)), progress=False)
        assert result.epochs == 1
        moved = np.abs(np.log(result.params.layers[0].tau_mem / before.layers[0].tau_mem))
        steps[factor] = moved, np.abs(result.params.layers[0].w_in - before.layers[0].w_in)
    np.testing.assert_allclose(steps[2.0][0], 4 * steps[0.5][0], rtol=0.02)
    np.testing.assert_array_equal(steps[2.0][1], steps[0.5][1])


def test_eventprop_keeps_no_trajectory_for_the_constants():
    network, kept = make_network("equal"), {}
    events, labels = batch(tiny_data(8), np.arange(8), 12)
    for train in (False, True):
        config = TrainConfig(batch_size=8, train_constants=train)
        trainer = EventPropTrainer(network, config)
        trained, constant = unconstrained_params(trainer.init(), network, config)
        kept[train] = residual_bytes(
            lambda t, c, trainer=trainer: trainer.value(t, c, events, labels, (512,), trainer.key)[0], trained, constant
        )
    numbers = 3 * 6 + 2  # constants of the hidden neurons and of the readout, a few arrays of each
    assert kept[True] - kept[False] <= 4 * 4 * numbers < 0.01 * kept[False]


def test_quantiles_of_each_layer():
    params = make_network("equal", hidden=(3, 2)).init(jax.random.key(0))
    first, second = params.layers
    params = params._replace(layers=(first._replace(tau_mem=jnp.array([1.0, 2.0, 3.0])), second))
    found = quantiles(params.layers, ["tau_mem"])["tau_mem_quantiles"]
    np.testing.assert_allclose(found, [np.quantile([1, 2, 3], QUANTILES), [0.02] * 5], rtol=1e-6)
