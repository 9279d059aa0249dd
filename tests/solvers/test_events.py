import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.events import NO_UNIT, Events, ghost_of, pad_events, to_grid, unit_counts, unit_sums

RAGGED = [
    (np.array([3e-3, 1e-3, 2e-3, 1e-3]), np.array([0, 2, 1, 0])),
    (np.zeros(0), np.zeros(0, int)),
    (np.array([5e-3]), np.array([1])),
]


def test_samples_are_sorted_and_padded():
    events = pad_events(RAGGED, capacity=5)
    inf = np.inf
    np.testing.assert_array_equal(
        events.times, np.float32([[1e-3, 1e-3, 2e-3, 3e-3, inf], [inf] * 5, [5e-3, *[inf] * 4]])
    )
    np.testing.assert_array_equal(events.units, [[2, 0, 1, 0, NO_UNIT], [NO_UNIT] * 5, [1, *[NO_UNIT] * 4]])
    np.testing.assert_array_equal(events.count, [4, 0, 1])
    np.testing.assert_array_equal(events.valid, np.isfinite(events.times))
    assert events.capacity == 5 and not events.overflowed.any()
    assert pad_events(RAGGED).capacity == 4


def test_types():
    with jax.enable_x64(True):
        assert pad_events(RAGGED).times.dtype == jnp.float64
        assert pad_events(RAGGED, dtype=jnp.float32).times.dtype == jnp.float32
    assert pad_events(RAGGED).times.dtype == jnp.float32
    assert pad_events(RAGGED).units.dtype == pad_events(RAGGED).count.dtype == jnp.int32
    assert pad_events([]).times.shape == (0, 0)


@pytest.mark.parametrize(
    ("sample", "capacity", "message"),
    [
        ((np.zeros(3), np.zeros(3, int)), 2, "a sample has 3 events, but capacity is 2"),
        ((np.zeros(3), np.zeros(2, int)), None, "sample 1 has 3 times but 2 units"),
        ((np.array([0.0, np.nan]), np.zeros(2, int)), None, "sample 1 has a time that is not finite"),
        ((np.array([0.0, np.inf]), np.zeros(2, int)), None, "sample 1 has a time that is not finite"),
        ((np.zeros(2), np.array([0, 0.5])), None, "sample 1 has a unit that is no index"),
        ((np.zeros(2), np.array([0, np.nan])), None, "sample 1 has a unit that is no index"),
        ((np.zeros(2), np.array([0, 2**32])), None, "sample 1 has a unit that is no index"),
    ],
)
def test_wrong_samples(sample, capacity, message):
    with pytest.raises(ValueError, match=message):
        pad_events([(np.zeros(1), np.zeros(1, int)), sample], capacity)


def test_counts_above_the_capacity_are_an_overflow():
    events = Events(jnp.full((2, 3), jnp.nan), jnp.full((2, 3), NO_UNIT), jnp.array([3, 4]))
    np.testing.assert_array_equal(events.overflowed, [False, True])


def test_grid_equals_a_loop():
    rng = np.random.default_rng(0)
    samples = [(rng.uniform(0, 12e-3, n), rng.integers(0, 3, n)) for n in (40, 0, 25)]
    events, dt, steps = pad_events(samples, capacity=50), 1e-3, 10
    expected = np.zeros((3, steps, 3))
    for b, (times, units) in enumerate(samples):
        for t, u in zip(times, units, strict=True):
            if round(t / dt) < steps:
                expected[b, round(t / dt), u] += 1
    assert expected.max() > 1 and expected.sum() < 65  # coincidences, and events beyond the end
    np.testing.assert_array_equal(to_grid(events, 3, steps, dt), expected)
    first = jax.tree.map(lambda x: x[0], events)
    np.testing.assert_array_equal(to_grid(first, 3, steps, dt), expected[0])


def test_unit_counts():
    events = pad_events(RAGGED, capacity=6)
    expected = [[2, 1, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    np.testing.assert_array_equal(unit_counts(events, 4), expected)
    np.testing.assert_array_equal(unit_counts(jax.tree.map(lambda x: x[0], events), 4), expected[0])


def test_events_of_other_units_are_left_out():
    events = pad_events([(np.full(3, 1e-3), np.array([-1, 1, 2]))])
    np.testing.assert_array_equal(unit_counts(events, 2), [[0, 1]])
    np.testing.assert_array_equal(to_grid(events, 2, 3, 1e-3).sum(1), [[0, 1]])


def test_sums_over_the_spikes_of_each_unit():
    """Also of ghosts, which count nothing, but pass a gradient."""
    events = pad_events([([1e-3, 2e-3, 3e-3], [0, 1, 0]), ([5e-3], [2])])
    sums = unit_sums(events, 2, lambda times: 1e3 * times)
    np.testing.assert_allclose(sums, [[4, 2], [0, 0]], rtol=1e-6)
    ghosts = events._replace(units=events.units.at[0, 2].set(ghost_of(0)), amplitudes=events.there.astype(float))
    ghosts = ghosts._replace(amplitudes=ghosts.amplitudes.at[0, 2].set(0))
    total = lambda amplitudes: unit_sums(ghosts._replace(amplitudes=amplitudes), 2, lambda t: 1e3 * t).sum()  # noqa: E731
    value, gradient = jax.value_and_grad(total)(ghosts.amplitudes)
    np.testing.assert_allclose(value, 3, rtol=1e-6)
    np.testing.assert_allclose(gradient, [[1, 2, 3], [0, 0, 0]], rtol=1e-6)
    counted = lambda amplitudes: to_grid(ghosts._replace(amplitudes=amplitudes), 2, 4, 1e-3)[0, 3, 0]  # noqa: E731
    np.testing.assert_allclose(jax.grad(counted)(ghosts.amplitudes), [[0, 0, 1], [0, 0, 0]])
