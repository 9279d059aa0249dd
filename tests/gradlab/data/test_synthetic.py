"""Tests of the synthetic set, above all that its classes need timing."""

import numpy as np
import pytest

from gradlab.data.synthetic import TEST_SPEAKERS, _draw_sample, _draw_voice, _draw_word, make_synthetic

SECONDS = 1.0


@pytest.fixture(scope="module")
def sets():
    return make_synthetic(train=800, test=400)


def counts(data, bins, groups):
    """Square roots of spike counts in time bins and channel groups, [samples, bins * groups]."""
    sample = np.repeat(np.arange(len(data)), data.spikes_per_sample)
    time = np.minimum((data.times / SECONDS * bins).astype(int), bins - 1)
    cell = (sample * bins + time) * groups + data.units.astype(int) * groups // data.inputs
    return np.sqrt(np.bincount(cell, minlength=len(data) * bins * groups).reshape(len(data), -1))


def ridge_predictions(train, test, bins, groups):
    """Classes of the test samples by a linear classifier: ridge regression on one-hot targets."""
    x = counts(train, bins, groups)
    mean = x.mean(0)
    x = x - mean
    w = np.linalg.solve(x.T @ x + 0.1 * len(x) * np.eye(x.shape[1]), x.T @ (np.eye(train.classes)[train.labels]))
    return ((counts(test, bins, groups) - mean) @ w).argmax(1)


def test_counts_tell_the_pairs_apart_but_not_their_direction(sets):
    guess, truth = ridge_predictions(*sets, bins=1, groups=700), sets[1].labels
    assert np.mean(guess // 2 == truth // 2) > 0.85
    assert np.mean(guess == truth) < 0.6


def test_timing_tells_all_classes_apart(sets):
    assert np.mean(ridge_predictions(*sets, bins=10, groups=100) == sets[1].labels) > 0.75


def test_backward_word_mirrors_the_forward_word():
    word, voice = _draw_word(np.random.default_rng(0)), _draw_voice(np.random.default_rng(0), 3)
    (forward, units), (backward, units_backward) = (
        _draw_sample(np.random.default_rng(1), word, voice, direction) for direction in (False, True)
    )
    np.testing.assert_array_equal(units_backward, units[::-1])
    mirror = forward + backward[::-1]
    assert np.ptp(mirror) < 1e-3  # the rounding to 16 bits
    assert np.ptp(forward) > 0.5


def test_looks_like_shd(sets):
    for data in sets:
        assert (data.name, data.inputs, data.classes) == ("synthetic", 700, 20)
        assert 4500 < data.spikes_per_sample.min() and data.longest < 8500
        assert 0.8 < data.end_time <= SECONDS
        assert np.ptp(np.bincount(data.labels)) == 0
        np.testing.assert_array_equal(data.times.astype(np.float16), data.times)
    train, test = sets
    distinct = [np.unique(train.select([k]).times).size for k in range(5)]
    assert max(distinct) < 3000
    assert set(train.groups) == set(range(10))
    assert np.isin(test.groups, TEST_SPEAKERS).sum() == 200


def test_same_arguments_same_data():
    first, again, other = (make_synthetic(20, 10, seed) for seed in (0, 0, 1))
    for a, b, c in zip(first, again, other, strict=True):
        for field in ("times", "units", "offsets", "labels", "groups"):
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
        assert a.times.size != c.times.size or not np.array_equal(a.units, c.units)


@pytest.mark.parametrize(("train", "test"), [(0, 5), (5, 0), (-1, 5)])
def test_empty_sets_are_refused(train, test):
    with pytest.raises(ValueError, match="expected at least one of each"):
        make_synthetic(train, test)


def test_smallest_sets():
    train, test = make_synthetic(1, 1)
    assert len(train) == len(test) == 1
