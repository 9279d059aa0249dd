"""The whole recipe, small enough for tiny data."""

import dataclasses

from tiny_data import DURATION

from benchmarks.ablation.recipe import whole_recipe
from gradlab import configuration


def tiny_recipe(out):
    config = whole_recipe(configuration.configure("shd-256"))
    training = dataclasses.replace(config.training, epochs=2, batch_size=8, channel_shift=1)
    network = dataclasses.replace(
        config.network, hidden=(6,), duration=DURATION, delay_step=DURATION / 4, initialiser="fluctuation-driven",
        input_rate=15.8,
    )  # fmt: skip
    return dataclasses.replace(config, network=network, training=training, out=out)


def changed(config, **network):
    """The configuration with other settings of the network."""
    return dataclasses.replace(config, network=dataclasses.replace(config.network, **network))
