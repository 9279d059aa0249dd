"""The smoothed gradient as a method: what it refuses, what it costs in memory, and trainings with it."""

import re

import jax
import numpy as np
import pytest
from tiny_data import assert_same, tiny_data, tiny_network, tiny_splits, without_times

from gradlab import TrainConfig
from gradlab.measuring.memory import residual_bytes
from gradlab.methods import EventProp, EventPropSmooth
from gradlab.networks.losses import cross_entropy
from gradlab.training.loop import Trainer
from solvers.eventprop import Smoothing

CONFIG = TrainConfig(epochs=2, batch_size=8, learning_rate=0.02)


@pytest.mark.parametrize("loss", ["max", "ttfs"])
def test_a_readout_that_is_not_linear_is_refused_by_name(loss):
    with pytest.raises(ValueError, match=f"loss {loss} has no smoothed gradient: choose one that is linear"):
        Trainer(tiny_network(loss=loss), CONFIG, EventPropSmooth())


@pytest.mark.parametrize("neuron", ["dead-time", "adaptive"])
def test_another_neuron_is_refused_by_name(neuron):
    with pytest.raises(ValueError, match=f"neuron '{neuron}' has no smoothed gradient: choose lif"):
        Trainer(tiny_network(neuron=neuron, tau_syn=5e-3), CONFIG, EventPropSmooth())


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"half_width": 0}, "half_width is 0, expected a finite number > 0 and <= 1"),
        ({"floor": -0.1}, "floor is -0.1, expected"),
        ({"kernel": "gauss"}, "kernel is 'gauss', expected"),
        ({"parts": "all"}, "parts is 'all', expected"),
        ({"dip": 0}, "dip is 0, expected"),
    ],
)
def test_impossible_options(option, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Smoothing(**option)


def test_an_engine_without_it_is_refused_by_name():
    with pytest.raises(ValueError, match="engine ode has no smoothed gradient: choose numba or xla"):
        Trainer(tiny_network(), CONFIG, EventPropSmooth("ode"))


def kept(method, room=256):
    """Bytes between the passes of a batch, with the same room."""
    network, data = tiny_network((20,)), tiny_data(8)
    trainer = Trainer(network, CONFIG, method)
    params, (events, labels) = trainer.init(), trainer.batch(data, np.arange(8))

    def loss(params, events):
        return cross_entropy(method.forward(network, params, events, (room,), jax.random.key(0)).logits, labels)

    return residual_bytes(loss, params, events), method.kept_bytes(network, 8, (room,))


def test_a_byte_more_is_kept_of_each_spike():
    (exact, estimated), (smooth, more) = kept(EventProp()), kept(EventPropSmooth())
    assert 8 * 256 <= smooth - exact <= 1.15 * exact - exact
    assert more - estimated == 8 * 256 and more <= smooth


def test_the_timing_part_alone_trains_as_eventprop_does():
    results = [
        Trainer(tiny_network((6,), delay_line=2, constants="gamma"), CONFIG, method).fit(tiny_splits(), progress=False)
        for method in (EventProp(), EventPropSmooth(smoothing=Smoothing(parts="timing", floor=0.0)))
    ]
    assert_same(results[0].params, results[1].params)


def test_a_stopped_training_goes_on_to_the_same_end(tmp_path):
    network = tiny_network((6, 5), constants="gamma", delay_line=2)

    def fit(**options):
        config = TrainConfig(epochs=2, batch_size=8, learning_rate=0.02, train_constants=True, lift_silent=0.1)
        return Trainer(network, config, EventPropSmooth()).fit(tiny_splits(), progress=False, **options)

    whole, path = fit(), tmp_path / "state.npz"

    def stop(epoch):
        raise KeyboardInterrupt

    assert fit(checkpoint=path, on_epoch=stop).status != "ok"
    assert path.exists()
    again = fit(checkpoint=path, resume=True)
    assert (again.status, again.epochs) == ("ok", 2)
    assert_same(again.params, whole.params)
    assert without_times(again.history) == without_times(whole.history)
    exact = Trainer(network, CONFIG, EventProp()).fit(tiny_splits(), progress=False)
    assert np.any(exact.params.layers[0].w_in != whole.params.layers[0].w_in)
