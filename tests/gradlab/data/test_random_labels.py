"""Noise with random labels against its definition."""

import numpy as np
import pytest

from gradlab.data.random_labels import DURATION, make_random_labels


def test_rates_are_those_of_the_definition_whatever_the_label():
    train, validation, test = make_random_labels((2000, 3, 4))
    assert [len(part) for part in (train, validation, test)] == [2000, 3, 4]
    for label in (0, 1):
        part = train.select(np.flatnonzero(train.labels == label))
        rate = part.spikes_per_sample.mean() / 100 / DURATION
        assert rate == pytest.approx(5, rel=0.02)
        assert np.bincount(part.units, minlength=100).min() > 0.8 * part.units.size / 100
    assert abs(train.labels.mean() - 0.5) < 0.05 and 0 <= train.times.min() and train.times.max() <= DURATION


def test_reproducible():
    first, again, other = (make_random_labels((20, 1, 1), seed).train for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.times, again.times)
    assert first.times.size != other.times.size or np.any(first.times != other.times)
    with pytest.raises(ValueError, match="expected at least one sample in each"):
        make_random_labels((3, 0, 1))
