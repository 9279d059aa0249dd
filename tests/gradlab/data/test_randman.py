"""Randman against its definition: one spike of each channel, smooth manifolds, each class its own."""

import numpy as np
import pytest

from gradlab.data import DATASETS
from gradlab.data.randman import DURATION, make_randman


def times_of(part):
    """Spike times by channel, ``[samples, inputs]`` [s]."""
    samples = [part.sample(k) for k in range(len(part))]
    return np.array([times[np.argsort(units)] for times, units in samples])


def test_sizes_and_one_spike_of_each_channel():
    parts = train, validation, test = make_randman((30, 4, 5))
    assert [len(part) for part in parts] == [300, 40, 50] and (train.inputs, train.classes) == (20, 10)
    for part, size in zip(parts, (30, 4, 5), strict=True):
        assert np.bincount(part.labels).tolist() == [size] * 10
        for k in range(0, len(part), 7):
            times, units = part.sample(k)
            assert sorted(units) == list(range(20)) and np.all(np.diff(times) >= 0)
            assert times.min() >= 0 and times.max() <= 50e-3 < DURATION
    assert np.any(np.diff(train.labels) < 0)  # classes are mixed


def test_every_channel_uses_all_of_the_time_in_every_class():
    parts = make_randman((40, 5, 5))
    times, labels = np.concatenate([times_of(p) for p in parts]), np.concatenate([p.labels for p in parts])
    for label in range(10):
        own = times[labels == label]
        np.testing.assert_allclose(own.min(0), 0, atol=1e-8)
        np.testing.assert_allclose(own.max(0), 50e-3, rtol=1e-5)


def variation(alpha):
    """Mean length of the way between neighbours of a manifold, from which dense samples of a class are sorted."""
    times = times_of(make_randman((400, 1, 1), classes=1, alpha=alpha).train)
    # Of the nearest other sample: the smoother, the nearer.
    distances = np.linalg.norm(times[:, None] - times, axis=-1)
    np.fill_diagonal(distances, np.inf)
    return distances.min(1).mean()


def test_larger_alpha_is_smoother():
    rough, usual, smooth = variation(0.5), variation(1.0), variation(2.0)
    assert smooth < 0.5 * usual < 0.5 * rough


def test_a_manifold_has_the_dimension_that_was_asked_for():
    """Samples of a smooth line lie near a plane that few directions span; those of a surface fill more."""
    shares = []
    for dimensions in (1, 3):
        times = times_of(make_randman((500, 1, 1), classes=1, dimensions=dimensions, alpha=3.0).train)
        power = np.linalg.svd(times - times.mean(0), compute_uv=False) ** 2
        shares.append((power.sum() ** 2) / np.sum(power**2))
    assert shares[1] > 1.3 * shares[0]


def test_test_samples_lie_on_the_manifolds_of_the_training_set():
    train, _, test = make_randman((200, 1, 20))
    times, others = times_of(train), times_of(test)
    nearest = np.linalg.norm(others[:, None] - times, axis=-1).argmin(1)
    assert np.mean(train.labels[nearest] == test.labels) > 0.9


def test_reproducible():
    first, again, other = (make_randman((5, 1, 1), seed).train for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.times, again.times)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert np.any(first.times != other.times)


def test_the_registry_has_it():
    splits = DATASETS["randman"].load(None, False)
    assert [len(part) for part in splits] == [8000, 1000, 1000]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": (3, 0, 1)}, "expected at least one sample in each"),
        ({"classes": 0}, "classes is 0, expected at least 1"),
        ({"dimensions": 0}, "dimensions is 0, expected at least 1"),
        ({"alpha": 0.0}, "alpha is 0, expected > 0"),
        ({"alpha": float("nan")}, "alpha is nan, expected > 0"),
    ],
)
def test_impossible_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_randman(**arguments)
