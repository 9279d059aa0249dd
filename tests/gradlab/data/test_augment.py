"""Tests of the augmentation."""

import numpy as np
import pytest
from tiny_data import INPUTS, tiny_data

from gradlab import TrainConfig
from gradlab.data import Augmentation, AugmentationConfig, SpikeData
from gradlab.data.augment import blended, shifted


def variants(data, index=0, n=2000, **settings):
    augment = Augmentation(data, np.random.default_rng(0), AugmentationConfig(**settings))
    return [augment(index) for _ in range(n)]


def test_without_settings_a_sample_stays_as_it_is():
    data = tiny_data(4)
    for ours, theirs in zip(variants(data, 2, 1)[0], data.sample(2), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_shift_drops_only_what_leaves():
    times, units = shifted((np.array([0.1, 0.2, 0.3]), np.array([0, 5, 7], np.uint16)), 2, 8)
    assert (times.tolist(), units.tolist()) == ([0.1, 0.2], [2, 7])
    assert shifted((times, units), -3, 8)[1].tolist() == [4]


def test_shifts_are_uniform_with_both_ends():
    data = SpikeData.from_samples("one", [np.array([0.0])], [np.array([4])], [0], [0], inputs=INPUTS, classes=1)
    counts = np.bincount([units[0] for _, units in variants(data, n=5000, channel_shift=2)])
    assert np.flatnonzero(counts).tolist() == [2, 3, 4, 5, 6]
    assert counts[2:].min() > 900 and counts.max() < 1100  # expected 1000, standard deviation 28


def test_blend_takes_half_of_each_at_the_mean_time_of_the_first():
    rng = np.random.default_rng(0)
    first = np.sort(rng.uniform(0.2, 0.4, 2000)), np.zeros(2000, int)
    second = np.sort(rng.uniform(0.5, 0.9, 2000)), np.ones(2000, int)
    times, units = blended(rng, first, second, 2.0**-10)
    assert np.all(np.diff(times) >= 0)
    for unit in (0, 1):
        assert 900 < (units == unit).sum() < 1100  # expected 1000, standard deviation 22
        assert times[units == unit].mean() == pytest.approx(first[0].mean(), abs=0.01)
    assert set(times[units == 0]) <= set(first[0])


def test_moved_spikes_stay_on_the_grid_and_after_the_start():
    rng = np.random.default_rng(0)
    early = np.arange(8) / 1024, np.zeros(8, int)
    late = np.arange(8) / 16, np.ones(8, int)
    times = np.concatenate([blended(rng, early, late, 2.0**-10)[0] for _ in range(50)])
    assert np.all(times * 1024 == np.round(times * 1024)) and times.min() >= 0


def test_blend_with_an_empty_sample_is_the_other():
    nothing, sample = (np.array([]), np.array([], int)), (np.array([0.1]), np.array([3]))
    assert blended(np.random.default_rng(0), sample, nothing, 0.0) is sample


def test_blends_are_of_one_class_and_fit_the_longest():
    data = tiny_data(20)
    for index in (0, 1):
        channels = data.sample(np.flatnonzero(data.labels == index)[0])[1]
        blends = variants(data, np.flatnonzero(data.labels == index)[0], blend=1.0)
        assert all(np.all(units // 4 == index) and len(units) <= data.longest for _, units in blends)
        assert len({tuple(units) for _, units in blends}) > 1000
    share = np.mean([units.size == channels.size and np.all(units == channels)
                     for _, units in variants(data, np.flatnonzero(data.labels == 1)[0], blend=0.25)])  # fmt: skip
    assert 0.7 < share < 0.8


def test_dilation_stretches_time():
    times = np.array([100, 350, 512, 700, 1024]) / 1024
    data = SpikeData.from_samples("one", [times], [np.zeros(5, int)], [0], [0], inputs=1, classes=1, time_step=2.0**-10)
    stretched = np.array([moved for moved, _ in variants(data, dilation=0.2)])
    assert np.all(stretched * 1024 == np.round(stretched * 1024))
    factors = stretched[:, -1:]
    np.testing.assert_allclose(stretched, factors * times, atol=1 / 1024)
    assert 0.799 < factors.min() < 0.81 and 1.19 < factors.max() < 1.201  # to half a step of the grid


def test_times_of_any_value_stay_so():
    times = np.array([0.1234, 0.7])
    data = SpikeData.from_samples("one", [times], [np.zeros(2, int)], [0], [0], inputs=1, classes=1)
    (stretched, _), *_ = variants(data, dilation=0.2, n=1)
    assert stretched[1] / stretched[0] == pytest.approx(0.7 / 0.1234, rel=1e-6)


def test_mask_silences_one_band():
    units = np.arange(INPUTS)
    data = SpikeData.from_samples("all", [np.full(INPUTS, 0.1)], [units], [0], [0], inputs=INPUTS, classes=1)
    silent = [np.setdiff1d(units, left) for _, left in variants(data, mask=3)]
    assert {band.size for band in silent} == {0, 1, 2, 3} and set(np.concatenate(silent)) == set(units)
    assert all(np.all(np.diff(band) == 1) for band in silent)
    assert min(left.size for _, left in variants(data, mask=5 * INPUTS)) == 0  # a band is never wider than the input


def test_drop_leaves_out_a_share_that_is_drawn():
    data = SpikeData.from_samples(
        "many", [np.linspace(0, 1, 1000)], [np.zeros(1000, int)], [0], [0], inputs=1, classes=1
    )
    left = np.array([times.size for times, _ in variants(data, n=500, drop=0.4)]) / 1000
    assert 0.57 < left.min() < 0.65 and left.max() > 0.98
    assert left.mean() == pytest.approx(0.8, abs=0.02)  # standard deviation of the mean 0.005


@pytest.mark.parametrize(
    "setting", [{"channel_shift": -1}, {"blend": -0.1}, {"blend": 1.5}, {"dilation": 1.0}, {"mask": -1}, {"drop": 1.0}]
)
def test_impossible_settings_are_refused(setting):
    (name,) = setting
    for kind in (AugmentationConfig, TrainConfig):
        with pytest.raises(ValueError, match=f"{name} is"):
            kind(**setting)
