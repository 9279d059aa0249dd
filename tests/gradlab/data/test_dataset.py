"""Tests of the data set in memory and of its batches."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradlab.data import SpikeData, batch, epoch_batches, evaluation_batches

INPUTS = 6
CLASSES = 3


def small(**changes):
    """Three samples with 2, 0 and 3 spikes, or a variant of them."""
    fields = {
        "name": "small",
        "times": np.array([0.1, 0.1, 0.0, 0.2, 0.3]),
        "units": np.array([5, 0, 2, 1, 3]),
        "offsets": np.array([0, 2, 2, 5]),
        "labels": np.array([0, 2, 1]),
        "groups": np.array([7, 7, 9]),
        "inputs": INPUTS,
        "classes": CLASSES,
    }
    return SpikeData(**(fields | changes))


@st.composite
def data_sets(draw):
    """Ragged sets with many ties; the times are not in order."""
    spike = st.tuples(st.sampled_from([0.0, 0.125, 0.25, 0.5]), st.integers(0, INPUTS - 1))
    samples = draw(st.lists(st.lists(spike, max_size=12), min_size=1, max_size=5))
    n = len(samples)
    data = SpikeData.from_samples(
        "drawn",
        [np.array([t for t, _ in sample], float) for sample in samples],
        [np.array([u for _, u in sample], int) for sample in samples],
        np.arange(n) % CLASSES,
        np.zeros(n, int),
        inputs=INPUTS,
        classes=CLASSES,
    )
    return samples, data


def test_types_and_sizes():
    data = small()
    assert len(data) == 3
    assert data.spikes_per_sample.tolist() == [2, 0, 3]
    assert (data.longest, data.end_time) == (3, pytest.approx(0.3))
    types = [getattr(data, field).dtype for field in ("times", "units", "offsets", "labels", "groups")]
    assert types == [np.float32, np.uint16, np.int64, np.int32, np.int64]


def test_set_without_any_spike():
    data = small(times=np.array([]), units=np.array([], int), offsets=np.zeros(4, int))
    assert (data.longest, data.end_time) == (0, 0.0)
    assert batch(data, [0, 1], 0)[0].count.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": np.array([5, 0, 2, 1])}, "one unit for each time"),
        ({"units": np.array([5, 0, 2, 1, 6])}, "channels run from 0 to 6, expected integers 0 to 5"),
        ({"units": np.array([5, 0, 2, 1, -1])}, "channels run from -1"),
        ({"units": np.array([5, 0, 2, 1, 0.5])}, "units are of type float64, expected integers"),
        ({"times": np.array([0.1, 0.1, -0.1, 0.2, 0.3])}, "negative or not finite"),
        ({"times": np.array([0.1, 0.1, 0.0, 0.2, np.nan])}, "negative or not finite"),
        ({"times": np.array([0.1, 0.1, 0.0, 0.2, np.inf])}, "negative or not finite"),
        ({"times": np.array([0.1, 0.1, 0.0, 0.3, 0.2])}, "spike 4 is earlier"),
        ({"labels": np.array([0, 3, 1])}, "labels run from 0 to 3, expected integers 0 to 2"),
        ({"labels": np.array([0, -1, 1])}, "labels run from -1"),
        ({"labels": np.array([0, 1])}, "give one of each"),
        ({"groups": np.array([0])}, "give one of each"),
        ({"offsets": np.array([0, 2, 5])}, r"expected \(4,\)"),
        ({"offsets": np.array([0, 2, 2, 4])}, "offsets do not rise"),
        ({"offsets": np.array([0, 3, 2, 5])}, "offsets do not rise"),
        ({"offsets": np.array([1, 2, 2, 5])}, "offsets do not rise"),
        ({"labels": np.array([], int), "groups": np.array([], int), "offsets": np.zeros(1, int)}, "no samples"),
        ({"inputs": 0}, "inputs is 0"),
        ({"inputs": 2**31}, "inputs is 2147483648, expected a whole number from 1 to 2147483647"),
        ({"inputs": 6.0}, "inputs is 6.0, expected a whole number"),
        ({"classes": "3"}, "classes is '3', expected a whole number"),
        ({"time_step": np.nan}, "time_step is nan"),
        ({"offsets": np.array([0, 2, 2.5, 5])}, "offsets are of type float64, expected integers"),
        ({"offsets": np.array([0, 3, 2, 5], np.uint64)}, "offsets do not rise"),
    ],
)
def test_impossible_sets_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


def test_from_samples_refuses_unequal_lengths():
    one, two = np.zeros(1), np.zeros(2, int)
    with pytest.raises(ValueError, match="sample 1 has 1 times but 2 units"):
        SpikeData.from_samples("x", [one, one], [two[:1], two], [0, 1], [0, 0], inputs=1, classes=2)
    with pytest.raises(ValueError, match="2 spike trains, 2 unit trains, 1 labels, 2 groups, expected one of each"):
        SpikeData.from_samples("x", [one, one], [two[:1], two[:1]], [0], [0, 0], inputs=1, classes=2)
    with pytest.raises(ValueError, match="no samples"):
        SpikeData.from_samples("x", [], [], [], [], inputs=1, classes=2)


@given(data_sets())
@settings(deadline=None, max_examples=50)
def test_from_samples_sorts_stably_and_select_takes_it_apart(drawn):
    samples, data = drawn
    for k, sample in enumerate(samples):
        one = data.select([k])
        expected = sorted(sample, key=lambda spike: spike[0])  # stable
        assert list(zip(one.times.tolist(), one.units.tolist(), strict=True)) == expected
        assert one.labels.tolist() == [k % CLASSES]


def test_select_keeps_the_order_asked_for():
    chosen = small().select([2, 0])
    assert chosen.offsets.tolist() == [0, 3, 5]
    assert chosen.units.tolist() == [2, 1, 3, 5, 0]
    assert (chosen.labels.tolist(), chosen.groups.tolist()) == ([1, 0], [9, 7])
    assert (chosen.inputs, chosen.classes, chosen.name) == (INPUTS, CLASSES, "small")


def test_set_without_groups():
    data = small(groups=None)
    assert data.groups is None and data.select([0, 2]).groups is None


@pytest.mark.parametrize("indices", [[], [3], [-1], [0.5], 1])
def test_impossible_indices_are_refused(indices):
    with pytest.raises(ValueError, match="indices"):
        small().select(indices)
    with pytest.raises(ValueError, match="indices"):
        batch(small(), indices, 3)


@given(data_sets(), st.data())
@settings(deadline=None, max_examples=80)
def test_batch_keeps_order_and_pads(drawn, more):
    _, data = drawn
    indices = more.draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=4))
    events, labels = batch(data, indices, data.longest + 2, dtype=np.float64)
    assert events.times.dtype == np.float64
    assert labels.tolist() == data.labels[indices].tolist()
    for row, index in enumerate(indices):
        one, n = data.select([index]), events.count[row]
        assert events.times[row, :n].tolist() == one.times.tolist()
        assert events.units[row, :n].tolist() == one.units.tolist()
        assert np.all(np.isposinf(events.times[row, n:])) and np.all(events.units[row, n:] == -1)
        assert events.times.shape == events.units.shape == (len(indices), data.longest + 2)


def test_batch_takes_samples_from_elsewhere():
    events, _ = batch(small(), [2, 0], 4, lambda index: (np.full(index + 1, 0.5), np.full(index + 1, index)))
    assert events.count.tolist() == [3, 1]
    assert events.units.tolist() == [[2, 2, 2, -1], [0, -1, -1, -1]]


def test_batch_agrees_with_the_padding_of_the_solvers():
    from solvers.events import pad_events

    data = small()
    cuts = [slice(0, 2), slice(2, 2), slice(2, 5)]
    expected = pad_events([(data.times[cut], data.units[cut]) for cut in cuts], 4, np.float32)
    for ours, theirs in zip(jax.tree.leaves(batch(data, [0, 1, 2], 4)[0]), jax.tree.leaves(expected), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_batch_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="sample 2 has 3 spikes, but capacity is 2"):
        batch(small(), [0, 2], 2)


def test_epoch_batches_shuffle_without_repetition():
    rng = np.random.default_rng(0)
    first, second = (np.array(list(epoch_batches(50, 8, rng))) for _ in range(2))
    assert first.shape == (6, 8)
    assert np.unique(first).size == 48
    assert not np.array_equal(first, second)
    assert not np.array_equal(np.sort(first.ravel()), first.ravel())


@pytest.mark.parametrize("size", [0, 11])
def test_epoch_batches_refuse_a_size_without_batches(size):
    with pytest.raises(ValueError, match=f"batch_size is {size}, expected 1 to 10"):
        epoch_batches(10, size, np.random.default_rng(0))


@pytest.mark.parametrize(("n", "size"), [(10, 4), (8, 4), (3, 4), (1, 1)])
def test_evaluation_batches_count_every_sample_once(n, size):
    batches = list(evaluation_batches(n, size))
    assert all(indices.shape == weights.shape == (size,) for indices, weights in batches)
    indices, weights = (np.concatenate(x) for x in zip(*batches, strict=True))
    assert indices.max() < n
    assert indices[weights == 1].tolist() == list(range(n))
    assert set(weights.tolist()) <= {0.0, 1.0}


def test_evaluation_batches_refuse_a_size_without_batches():
    with pytest.raises(ValueError, match="batch_size is 0"):
        evaluation_batches(10, 0)
