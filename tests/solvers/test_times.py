"""Pairs of numbers as times, against numbers of higher precision, in compiled programs."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.times import MOST_STEPS, as_time, first, grid_time, last, nearest_step

STEPS = [1e-3, 1e-4, 0.1, 2.0**-10, 7.3e-5]
LONG = 1e6  # [s]; longer than single precision resolves


def exact(time):
    return np.longdouble(np.asarray(time.high)) + np.longdouble(np.asarray(time.low))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 65536.0])
def test_sums_lose_nothing(scale):
    rng = np.random.default_rng(0)
    start, lags = np.float32(rng.uniform(0, scale, 500)), np.float32(rng.uniform(0, 0.1, (20, 500)))

    @jax.jit
    def moved(start, lags):
        time = begin = as_time(start, jnp.float32, False)
        for lag in lags:
            time = time.after(lag).after(1e-3)
        return time, time.since(begin)

    time, lag = moved(start, lags)
    expected = np.longdouble(lags).sum(0) + 20 * np.longdouble(1e-3)
    np.testing.assert_allclose(exact(time), start + expected, rtol=40 * 2.0**-48, atol=0)
    np.testing.assert_allclose(lag, expected, rtol=3e-7, atol=0)
    np.testing.assert_array_equal(time.high, np.float32(exact(time)))


def test_order():
    base = as_time(jnp.full(3, 65535, jnp.float32), jnp.float32, False)
    a, b = base.after(jnp.array([1e-6, 0, 0], jnp.float32)), base.after(jnp.array([0, 0, 1e-6], jnp.float32))
    np.testing.assert_array_equal(a.precedes(b), [False, False, True])
    np.testing.assert_array_equal(b.precedes(a), [True, False, False])
    assert not first(a, b).since(base).any() and (last(a, b).since(base) > 0).tolist() == [True, False, True]
    for end in (np.inf, -np.inf):
        never = as_time(end, jnp.float32, False).after(1e-3)
        assert never.high == end and never.low == 0


@pytest.mark.parametrize("dt", STEPS)
def test_grid_points(dt):
    step = np.random.default_rng(0).integers(0, MOST_STEPS, 20_000, np.int32)
    step = np.concatenate([step, np.arange(1000, dtype=np.int32), 2**24 + np.arange(1000, dtype=np.int32)])
    time = jax.jit(partial(grid_time, dt=dt, dtype=jnp.float32))(step)
    expected = np.longdouble(step) * np.longdouble(dt)
    np.testing.assert_allclose(exact(time) / dt, expected / dt, rtol=0, atol=1e-4)
    assert (np.abs(np.asarray(time.high) - expected) <= (0.5 + 1e-6) * np.spacing(np.float32(expected))).all()


@pytest.mark.parametrize("dt", STEPS)
def test_nearest_step(dt):
    rng = np.random.default_rng(0)
    points = rng.integers(0, 2**26, 20_000) * dt
    times = np.float32(np.concatenate([rng.uniform(0, 2**26 * dt, 20_000), points, points + 0.49 * dt]))
    step = jax.jit(partial(nearest_step, dt=dt, duration=LONG))(times)
    quotient = np.longdouble(times) / np.longdouble(dt)
    assert (np.abs(np.asarray(step) - quotient) <= 0.5 + 1e-3).all()
    never = nearest_step(jnp.array([jnp.inf, jnp.nan, 1e30], jnp.float32), dt, LONG)
    np.testing.assert_array_equal(never, MOST_STEPS)
