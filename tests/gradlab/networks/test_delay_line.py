"""The input delay line against a loop, and behind it a trainer's batches."""

import numpy as np
import pytest
from tiny_data import CLASSES, INPUTS, tiny_data

from gradlab import EventPropTrainer, Network, TrainConfig
from gradlab.networks.encode import delayed

TIMES, UNITS = np.float32([1e-3, 2.5e-3, 2.5e-3, 7.2e-3]), np.uint16([3, 0, 1, 3])


def test_equals_a_loop():
    times, units = delayed((TIMES, UNITS), 3, 2e-3, 4)
    expected = [(t + 2e-3 * k, 4 * k + u) for k in range(3) for t, u in zip(TIMES, UNITS, strict=True)]
    found = zip(times, units, strict=True)
    for (t, u), (expected_t, expected_u) in zip(sorted(found), sorted(expected), strict=True):
        assert u == expected_u and t == pytest.approx(expected_t, rel=1e-6)
    assert np.all(np.diff(times) >= 0) and times.dtype == np.float32


def test_one_copy_is_the_input():
    times, units = delayed((TIMES, UNITS), 1, 2e-3, 4)
    assert times is TIMES and units is UNITS


def test_channels_do_not_wrap_around():
    """More lines than the type of the data can count."""
    _, units = delayed((TIMES, np.uint16([699] * 4)), 100, 1e-3, 700)
    assert units.max() == 100 * 700 - 1


def test_copies_come_after_the_augmentation():
    data = tiny_data(5)
    trainer = EventPropTrainer(
        Network(INPUTS, CLASSES, hidden=(3,), delay_line=2, delay_step=5e-3), TrainConfig(batch_size=2)
    )
    events, labels = trainer.batch(data, [4, 1], lambda index: (TIMES, np.full(4, index)))
    assert events.times.shape == (2, 2 * data.longest) and list(events.count) == [8, 8]
    np.testing.assert_array_equal(labels, data.labels[[4, 1]])
    np.testing.assert_allclose(events.times[0, :8], np.sort([*TIMES, *(TIMES + 5e-3)]), rtol=1e-6)
    np.testing.assert_array_equal(np.sort(events.units[0, :8]), [4] * 4 + [INPUTS + 4] * 4)
