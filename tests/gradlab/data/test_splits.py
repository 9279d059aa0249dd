"""Tests of the split by speaker."""

import numpy as np
import pytest

from gradlab.data.dataset import SpikeData
from gradlab.data.splits import by_speaker


@pytest.fixture
def data():
    """One spike a sample; its channel is the number of the sample."""
    spikes = [np.array([k]) for k in range(6)]
    return SpikeData.from_samples("x", [0.1 * k for k in spikes], spikes, np.arange(6), [0, 1, 2, 0, 1, 2])


def test_whole_speakers_are_held_out(data):
    train, validation = by_speaker(data, [2])
    assert train.units.tolist() == [0, 1, 3, 4]
    assert validation.units.tolist() == [2, 5]
    assert validation.speakers.tolist() == [2, 2]


@pytest.mark.parametrize("speakers", [[], [3], [0, 3], [0, 1, 2]])
def test_impossible_speakers_are_refused(data, speakers):
    with pytest.raises(ValueError, match=r"expected some but not all of the speakers \[0, 1, 2\]"):
        by_speaker(data, speakers)
