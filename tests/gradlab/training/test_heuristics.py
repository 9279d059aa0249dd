"""The lift of silent neurons and the pull on silent outputs, alone and in trainings that begin in silence."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_data import CLASSES, INPUTS, assert_same, tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, Network, TrainConfig
from gradlab.configuration import configure, network_of
from gradlab.data import SpikeData, Splits, make_yin_yang
from gradlab.networks.params import Output
from gradlab.training.heuristics import lift_silent, pull_silent_outputs

TRAINERS = EventPropTrainer, BPTTTrainer
PLAIN = dict(channel_shift=0, blend=0.0)  # no augmentation


def test_lift_raises_silent_neurons_only():
    params = Network(INPUTS, CLASSES, hidden=(3, 2)).init(jax.random.key(0))
    rng = np.random.default_rng(0)
    lifted = lift_silent(params, [np.array([0, 5, 0]), np.array([1, 0])], (0.25, 1.0), rng)
    for before, after, by in zip(params.layers, lifted.layers, ([0.25, 0, 0.25], [0, 1.0]), strict=True):
        np.testing.assert_array_equal(after.w_in, before.w_in + np.array(by, np.float32))
        assert_same(after._replace(w_in=before.w_in), before)
    assert_same(lifted.readout, params.readout)
    assert rng.random() == np.random.default_rng(0).random()  # other losses draw nothing


def test_lift_reaches_spiking_outputs_and_makes_no_copies():
    params = Network(INPUTS, 3, hidden=(400,), loss="ttfs").init(jax.random.key(0))
    lifted = lift_silent(params, [np.ones(400), np.array([0, 5, 0])], (0.0, 0.25), np.random.default_rng(0))
    assert_same(lifted.layers, params.layers)
    raised = np.asarray(lifted.readout.w_in - params.readout.w_in)
    assert not raised[:, 1].any() and (raised > -1e-6).all() and (raised < 0.5 + 1e-6).all()
    np.testing.assert_allclose(raised[:, [0, 2]].mean(0), 0.25, rtol=0.1)
    assert np.abs(raised[:, 0] - raised[:, 2]).mean() > 0.1
    assert_same(lifted.readout._replace(w_in=params.readout.w_in), params.readout)


def test_pull_by_hand():
    """Four samples: right output silent, right output spikes, another output silent, and silent again."""
    labels, counts = np.array([0, 1, 1, 1]), jnp.array([[1.0, 2, 0], [5, 5, 5], [5, 5, 5], [0, 4, 3]])
    fired = jnp.array([[0.0, 2], [1, 1], [0, 1], [3, 0]])
    output = Output(jnp.zeros((4, 2)), (counts,), jnp.zeros(2), output_counts=fired)
    gradient = Network(2, 2, hidden=(3,), loss="ttfs").init(jax.random.key(0))
    pulled = pull_silent_outputs(gradient, output, labels, 0.5)
    expected = -0.5 / 4 * np.array([[1.0, 0], [2, 4], [0, 3]])
    np.testing.assert_allclose(pulled.readout.w_in - gradient.readout.w_in, expected, atol=1e-7)
    assert_same(pulled._replace(readout=gradient.readout), gradient)


def silent_outputs(trainer):
    """Two classes that differ by the channel and the time of one spike; hidden neurons fire, outputs do not."""
    times = [np.array([1e-3 + 2e-3 * (k % 2), 4e-3]) for k in range(32)]
    units = [np.array([k % 2, 2]) for k in range(32)]
    data = SpikeData.from_samples("two", times, units, np.arange(32) % 2, inputs=3, classes=2)
    params = trainer.init()
    (layer,) = params.layers
    return data, params._replace(
        layers=(layer._replace(w_in=jax.random.uniform(jax.random.key(1), (3, 8), minval=4, maxval=12)),),
        readout=params.readout._replace(w_in=jax.random.uniform(jax.random.key(2), (8, 2), maxval=0.04)),
    )


@pytest.mark.parametrize(
    "heuristics",
    # By a weight of 1, not at all, and by 1000, were it not for what one spike needs: 4.
    [dict(lift_silent=1 / 16, pull_silent=0.0), dict(lift_silent=0.0), dict(lift_silent=1000 / 16)],
    ids=str,
)
def test_silence_is_not_for_ever(heuristics):
    """The exact gradient stays what it is, zero; all the same the outputs spike, and then the loss falls."""
    # The unit of both weight matrices is 16, by which step and lift are divided.
    network = Network(3, 2, hidden=(8,), duration=0.1, recurrent=False, loss="ttfs", input_rate=230.4)
    trainer = EventPropTrainer(
        network, TrainConfig(epochs=20, batch_size=16, rate_strength=0, learning_rate=0.03 / 16, **PLAIN, **heuristics)
    )
    data, params = silent_outputs(trainer)
    events, labels = trainer.batch(data, np.arange(16))
    gradient, output = trainer.gradient(params, events, labels)
    assert output.counts[0].all() and not output.output_counts.any()
    assert not any(np.asarray(x).any() for x in jax.tree.leaves(gradient))
    result = trainer.fit(Splits(data, None, data), params=params, progress=False)
    assert result.status == "ok"
    assert trainer.forward(result.params, events).output_counts.all()
    assert result.history["train_loss"][-1] < np.log(2) - 1e-3


def test_pull_leaves_other_losses_alone():
    reached = [
        EventPropTrainer(tiny_network(), TrainConfig(epochs=1, batch_size=8, pull_silent=pull)).fit(
            tiny_splits(), progress=False
        )
        for pull in (0.0, 5.0)
    ]
    assert_same(reached[0].params, reached[1].params)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("trainer", TRAINERS)
def test_yin_yang_by_first_spikes(trainer, seed):
    """With the settings and the initial weights that the command line takes; chance is a third."""
    config = configure(dataset="yin-yang")
    splits = make_yin_yang((4000, 1000, 1))
    network = replace(network_of(config, splits.train), loss="ttfs")
    result = trainer(network, replace(config.training, epochs=5, seed=seed)).fit(splits, progress=False)
    assert result.history["validation_accuracy"][-1] > 0.8
