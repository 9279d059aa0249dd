"""Tests of the augmentation."""

import numpy as np
import pytest

from gradlab.data.augment import channel_shift


def test_shifts_are_uniform_with_both_ends():
    shifts = channel_shift(np.random.default_rng(0), 5000, 2)
    counts = np.bincount(shifts + 2)
    assert counts.size == 5
    assert counts.min() > 900 and counts.max() < 1100  # expected 1000, standard deviation 28


def test_no_shift():
    assert channel_shift(np.random.default_rng(0), 3, 0).tolist() == [0, 0, 0]


def test_negative_maximum_is_refused():
    with pytest.raises(ValueError, match="maximum is -1"):
        channel_shift(np.random.default_rng(0), 3, -1)
