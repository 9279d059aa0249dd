"""Input channels that share weights, alone and in front of a delay line."""

import numpy as np
from tiny_data import CLASSES, INPUTS, tiny_data

from gradlab import EventPropTrainer, Network, TrainConfig
from gradlab.networks.encode import pooled

TIMES, UNITS = np.float32([1e-3, 2.5e-3, 2.5e-3]), np.uint16([6, 4, 5])


def test_neighbours_become_one():
    times, units = pooled((TIMES, UNITS), 5)
    assert times is TIMES and list(units) == [1, 0, 1] and units.dtype == np.uint16


def test_one_leaves_channels_as_they_are():
    np.testing.assert_array_equal(pooled((TIMES, UNITS), 1)[1], UNITS)


def test_a_pool_larger_than_the_type_of_the_units():
    np.testing.assert_array_equal(pooled((TIMES, UNITS), 2**31 - 1)[1], [0, 0, 0])


def test_channels_are_pooled_before_they_are_delayed():
    network = Network(INPUTS, CLASSES, hidden=(3,), pool=INPUTS - 1, delay_line=2, delay_step=5e-3)
    trainer = EventPropTrainer(network, TrainConfig(batch_size=1))
    assert trainer.init().layers[0].w_in.shape == (2 * 2, 3)  # the last channel is alone
    data = tiny_data(2)
    events, _ = trainer.batch(data, [0], lambda _: (TIMES, np.uint16([0, INPUTS - 2, INPUTS - 1])))
    np.testing.assert_array_equal(events.units[0, :6], [0, 0, 1, 2, 2, 3])
