"""Warnings of what goes wrong without an error, and that there is none otherwise."""

import warnings

import numpy as np
import pytest
from tiny_data import tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, Network, TrainConfig
from gradlab.data import SpikeData, Splits

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
