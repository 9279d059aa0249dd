"""A change of almost nothing changes almost nothing, whatever the times, the grid and the channels of the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradlab import TrainConfig
from gradlab.data import DATASETS, Augmentation, AugmentationConfig, SpikeData
from gradlab.data.augment import blended

TINY = {"dilation": 1e-9, "blend": 1e-12, "drop": 1e-12}


@st.composite
def data_sets(draw):
    """One class, few channels, times of any size on the grid, on a finer one or on none; spikes at 0 are frequent."""
    inputs, step = draw(st.integers(1, 6)), draw(st.sampled_from([0.0, 2.0**-10, 1e-3, 0.5]))
    scale = draw(st.sampled_from([1e-4, 0.03, 1.0, 100.0]))
    times, units = [], []
    for spikes in draw(st.lists(st.integers(0, 8), min_size=1, max_size=4)):
        shares = draw(arrays(np.float32, spikes, elements=st.floats(0, 1, width=32) | st.just(0.0)))
        times.append(np.sort(scale * shares))
        units.append(draw(arrays(np.int32, spikes, elements=st.integers(0, inputs - 1))))
    samples = len(times)
    return SpikeData.from_samples(
        "any", times, units, np.zeros(samples, int), inputs=inputs, classes=1, time_step=step
    )  # fmt: skip


def variant(data, seed, **changes):
    return Augmentation(data, np.random.default_rng(seed), AugmentationConfig(**changes))(0)


@settings(deadline=None, max_examples=60)
@given(data_sets(), st.integers(0, 5), st.sampled_from(sorted(TINY)))
def test_tiny_changes(data, seed, name):
    times, units = variant(data, seed, **{name: TINY[name]})
    np.testing.assert_allclose(times, data.sample(0)[0], rtol=1e-6, atol=0)
    np.testing.assert_array_equal(units, data.sample(0)[1])


@settings(deadline=None, max_examples=60)
@given(data_sets(), st.integers(0, 5), st.floats(1e-9, 0.5))
def test_dilation_keeps_order_and_moves_by_whole_steps(data, seed, dilation):
    before, (after, _) = data.sample(0)[0], variant(data, seed, dilation=dilation)
    assert np.all(np.diff(after) >= 0) and after.size == before.size and np.all(after >= 0)
    slack = data.time_step + 1e-6 * (1 + before)
    assert np.all(np.abs(after - before) <= dilation * before + slack)


@settings(deadline=None, max_examples=60)
@given(data_sets(), st.integers(0, 5))
def test_a_blend_of_a_sample_with_itself_has_its_spikes_only(data, seed):
    sample = data.sample(0)
    times, units = blended(np.random.default_rng(seed), sample, sample, data.time_step)
    assert set(zip(times.tolist(), units.tolist(), strict=True)) <= set(
        zip(sample[0].tolist(), sample[1].tolist(), strict=True)
    )


def test_a_blend_with_a_slightly_later_sample_keeps_the_spikes_at_the_start():
    """Half of the spikes of both; a move of the second by any tiny amount dropped its spike at 0."""
    first = np.array([0.0, 0.01], np.float32), np.array([0, 1])
    second = np.array([0.0, 0.010001], np.float32), np.array([2, 1])
    rng = np.random.default_rng(0)
    kept = np.mean([np.any(blended(rng, first, second, 0.0)[1] == 2) for _ in range(2000)])
    assert kept == pytest.approx(0.5, abs=0.06)


def test_augmentation_belongs_to_the_data_set():
    for name in AugmentationConfig.__dataclass_fields__:
        assert getattr(TrainConfig(), name) == 0
    few_channels = [each for name, each in DATASETS.items() if name not in ("shd", "ssc", "synthetic")]
    assert all(not set(each.training) & set(AugmentationConfig.__dataclass_fields__) for each in few_channels)
