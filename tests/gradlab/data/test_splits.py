"""Tests of the split by group."""

import numpy as np
import pytest

from gradlab.data.dataset import SpikeData
from gradlab.data.splits import by_group


@pytest.fixture
def data():
    """One spike a sample; its channel is the number of the sample."""
    spikes = [np.array([k]) for k in range(6)]
    return SpikeData.from_samples(
        "x", [0.1 * k for k in spikes], spikes, np.arange(6), [0, 1, 2, 0, 1, 2], inputs=6, classes=6
    )


def test_whole_groups_are_held_out(data):
    train, validation = by_group(data, [2])
    assert train.units.tolist() == [0, 1, 3, 4]
    assert validation.units.tolist() == [2, 5]
    assert validation.groups.tolist() == [2, 2]


@pytest.mark.parametrize("groups", [[], [3], [0, 3], [0, 1, 2]])
def test_impossible_groups_are_refused(data, groups):
    with pytest.raises(ValueError, match=r"expected some but not all of the groups \[0, 1, 2\]"):
        by_group(data, groups)
