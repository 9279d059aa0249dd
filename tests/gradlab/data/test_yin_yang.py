"""Yin-Yang against its definition."""

import numpy as np
import pytest

from gradlab.data.yin_yang import DURATION, class_of, make_yin_yang


def test_classes_of_known_points():
    """The dots around (0.25, 0.5) and (0.75, 0.5); Yin is the upper half, bulging down on the left."""
    assert class_of(0.25, 0.5) == class_of(0.75, 0.55) == 2
    assert class_of(0.5, 0.9) == class_of(0.25, 0.35) == 1
    assert class_of(0.5, 0.1) == class_of(0.75, 0.65) == 0


def test_turning_the_figure_half_round_swaps_the_classes():
    rng = np.random.default_rng(0)
    points = rng.random((500, 2))
    points = points[np.hypot(*(points - 0.5).T) < 0.49]
    found = np.array([class_of(*p) for p in points])
    turned = np.array([class_of(*(1 - p)) for p in points])
    assert np.all((found == 2) == (turned == 2)) and set(found) == {0, 1, 2}
    assert np.all(found[found < 2] + turned[found < 2] == 1)


def test_samples_are_five_spikes_whose_times_are_the_mirrored_coordinates():
    train, validation, test = make_yin_yang((300, 40, 50))
    assert [len(part) for part in (train, validation, test)] == [300, 40, 50]
    assert (train.inputs, train.classes, train.groups) == (5, 3, None)
    assert np.bincount(train.labels).min() > 70
    for k in range(20):
        times, units = train.sample(k)
        assert sorted(units) == list(range(5)) and np.all(np.diff(times) >= 0) and times.max() <= 30e-3 < DURATION
        x, y, mirrored_x, mirrored_y, bias = (times[units == unit][0] / 30e-3 for unit in range(5))
        assert x + mirrored_x == pytest.approx(1, abs=1e-6) and y + mirrored_y == pytest.approx(1, abs=1e-6)
        assert bias == 0 and class_of(x, y) == train.labels[k]


def test_reproducible():
    first, again, other = (make_yin_yang((20, 1, 1), seed).train for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.times, again.times)
    assert np.any(first.times != other.times)
    with pytest.raises(ValueError, match="expected at least one sample in each"):
        make_yin_yang((3, 0, 1))
