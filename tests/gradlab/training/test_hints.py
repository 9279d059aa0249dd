"""Warnings of what goes wrong without an error, and that there is none otherwise."""

import dataclasses
import warnings

import numpy as np
import pytest
from tiny_data import tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, Network, TrainConfig
from gradlab.data import SpikeData, Splits
from gradlab.training.hints import Hints

TRAINERS = (EventPropTrainer, BPTTTrainer)


def warnings_of(trainer, network, splits, **settings):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer(network, TrainConfig(epochs=3, batch_size=8, **settings)).fit(splits, progress=False)
    return [str(each.message) for each in caught]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_silent_neurons(trainer):
    (said,) = warnings_of(trainer, tiny_network(input_rate=1e6), tiny_splits())
    assert said.startswith("100% of the hidden neurons did not spike in an epoch: raise lift_silent (0.002)")
    assert warnings_of(trainer, tiny_network(), tiny_splits()) == []


def test_emptied_samples():
    """On five channels a shift by up to 40 keeps a spike in 9 of 81 cases."""
    samples = [np.linspace(0, 0.03, 5)] * 64, [np.arange(5)] * 64, np.arange(64) % 2
    data = SpikeData.from_samples("five", *samples, inputs=5, classes=2)
    network = Network(5, 2, hidden=(20,), duration=0.06)
    said = [text for text in warnings_of(EventPropTrainer, network, Splits(data, None, data), channel_shift=40)
            if "augmentation" in text]  # fmt: skip
    assert len(said) == 1
    assert "lost all their spikes to the augmentation: lower channel_shift (40) or mask (0), of 5 channels" in said[0]


@pytest.mark.parametrize(("accuracies", "warned"), [([0.5] * 5, True), ([0.5] * 4, False), ([0.5] * 4 + [0.9], False)])
def test_nothing_learnt(accuracies, warned):
    hints, labels = Hints(TrainConfig(), 8), np.arange(64) % 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hints.at_end(accuracies, labels)
        hints.at_end(accuracies, labels)
    said = [str(each.message) for each in caught]
    assert len(said) == warned  # once
    if warned:
        assert (
            "no better than always answering the most frequent class (50.0%): raise or lower learning_rate" in said[0]
        )


def test_labels_that_belong_to_nothing():
    rng = np.random.default_rng(0)
    splits = tiny_splits()
    shuffled = dataclasses.replace(
        splits.train, labels=rng.permutation(splits.train.labels), units=splits.train.units * 0
    )
    with pytest.warns(UserWarning, match="no better than always answering the most frequent class"):
        trainer = BPTTTrainer(tiny_network(), TrainConfig(epochs=5, batch_size=8, learning_rate=1e-9))
        trainer.fit(splits._replace(train=shuffled), progress=False)
