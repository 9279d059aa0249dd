"""Spikes of a batch in one pool: the same as padded ones, to the last bit, whoever of the batch is busy."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import FAST, INPUTS, NEURONS, SETTINGS, as_used, some_params

from solvers.delays import Delays
from solvers.eventprop import ENGINES, Smoothing, lif_layer_with_counts, pooled_layer
from solvers.eventprop.engines import PooledEngine
from solvers.events import NO_UNIT, Events, pad_events, unit_counts, unit_sums, without_ghosts

BUSY = [2, 0, 55, 0, 0, 5]  # input spikes of each sample
KINDS = {"exact": None, "smooth": Smoothing()}
PADDED = "padded"  # an engine that knows of no pools
OF_NUMBA = "neurons", "delays", "dtypes", "forward", "backward", "smooth_forward", "smooth_backward"


@pytest.fixture(autouse=True)
def without_pools(monkeypatch):
    engine = SimpleNamespace(**{name: getattr(ENGINES["numba"], name) for name in OF_NUMBA})
    monkeypatch.setitem(ENGINES, PADDED, engine)
    assert [isinstance(ENGINES[name], PooledEngine) for name in (*FAST, PADDED)] == [True] * len(FAST) + [False]


def in_single(tree):
    return jax.tree.map(lambda x: x.astype(jnp.float32) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def events_of(counts, seed=0):
    rng = np.random.default_rng(seed)
    samples = [(np.sort(rng.uniform(0, 50e-3, n)).astype(np.float32), rng.integers(0, INPUTS, n)) for n in counts]
    return pad_events(samples, max(*counts, 1))


PARAMS, SECOND = in_single((some_params(), some_params(1, recurrent=False, neurons=3)))
SECOND = SECOND._replace(w_in=2 * SECOND.w_in[:NEURONS])


def answers(spikes, counts):
    """A number of what comes out, in which each spike and each count matters."""
    weights = jnp.sin(jnp.arange(spikes.times.size, dtype=jnp.float32)).reshape(spikes.times.shape)
    effects = jnp.where(spikes.valid, weights * jnp.where(spikes.valid, spikes.times, 0), 0)
    return 100 * jnp.sum(spikes.weigh(effects)) + jnp.sum(jnp.cos(counts))


def both(engine, smoothing, events, mean, params=PARAMS, **changes):
    """Spikes and gradients of one layer, padded and by a pool; and the pool."""
    settings = SETTINGS | dict(engine=engine, smoothing=smoothing) | changes

    def padded(params, times):
        spikes, counts = lif_layer_with_counts(params, events._replace(times=times), **settings)
        return answers(spikes, counts), (spikes, counts)

    def pooled(params, times):
        pool, counts = pooled_layer(params, events._replace(times=times), mean=mean, **settings)
        return answers(pool.rows(), counts), (pool.rows(), counts, pool)

    results = [as_used(jax.value_and_grad(f, (0, 1), has_aux=True))(params, events.times) for f in (padded, pooled)]
    (first, expected), (second, found) = results
    *of_pool, pool = second[1]
    return (first[0], first[1], expected), (second[0], tuple(of_pool), found), pool


def assert_identical(found, expected):
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", [*FAST, PADDED])
def test_a_busy_sample_among_silent_ones_costs_what_it_needs(engine, kind):
    events = events_of(BUSY)
    expected, found, pool = both(engine, KINDS[kind], events, mean=30)
    assert_identical(found, expected)
    spikes = expected[1][0]
    assert spikes.count.max() > 3 * pool.slots / len(BUSY) and not pool.overflowed.any()
    used = int(pool.count.sum())
    np.testing.assert_array_equal(pool.start[1:], np.cumsum(pool.count)[:-1])
    assert np.isinf(pool.times[used:]).all() and (np.asarray(pool.units[used:]) == NO_UNIT).all()
    assert (used < pool.slots) and np.isfinite(pool.times[:used]).all()


@pytest.mark.parametrize("engine", [*FAST, PADDED])
def test_a_pool_that_is_too_small_is_found_out(engine):
    events = events_of([9, 0, 20])
    _, found, pool = both(engine, None, events, mean=500, capacity=100)
    needed = int(pool.count.sum())
    assert not pool.overflowed.any() and needed > 6
    _, found, pool = both(engine, None, events, mean=needed // 3 - 1, capacity=100)
    assert pool.overflowed.all() and pool.count.sum() > pool.slots
    assert all(np.isnan(x).all() for x in jax.tree.leaves(found[2][0]))
    assert np.isnan(found[1][0].times).all() and found[1][0].overflowed.all()


def test_a_sample_with_more_than_it_may_have_leaves_the_others():
    expected, found, pool = both("numba", None, events_of(BUSY), mean=30, capacity=20)
    assert pool.overflowed.tolist() == [False, False, True, False, False, False]
    assert_identical(found[1], expected[1])


@pytest.mark.parametrize("engine", [*FAST, PADDED])
def test_which_pages_a_sample_gets_does_not_matter(engine):
    """In another order of the samples they get others."""
    events, order = events_of([50, 60, 45, 55]), np.array([2, 0, 3, 1])
    _, found, _ = both(engine, None, events, mean=150)
    _, other, _ = both(engine, None, jax.tree.map(lambda x: x[order], events), mean=150)
    assert_identical(other[1], jax.tree.map(lambda x: x[order], found[1]))


@pytest.mark.parametrize("engine", [*FAST, PADDED])
@pytest.mark.parametrize("counts", [[], [0, 0, 0]])
def test_nothing_at_all(engine, counts):
    events = events_of(counts) if counts else Events(jnp.zeros((0, 3)), jnp.zeros((0, 3), int), jnp.zeros(0, int))
    pool, numbers = pooled_layer(PARAMS, events, mean=4, engine=engine, **SETTINGS)
    assert pool.slots == 4 * len(counts) and not pool.valid.any() and not numbers.any() and not pool.overflowed.any()
    assert pool.rows().times.shape == (len(counts), SETTINGS["capacity"])


@pytest.mark.parametrize("kind", KINDS)
def test_layers_on_layers(kind):
    """Ghosts and derivatives pass a pool; delays of channels put it into another order."""
    events, smoothing = events_of(BUSY), KINDS[kind]
    lags = Delays(jnp.linspace(0, 20e-3, NEURONS, dtype=jnp.float32), None)
    layers = PARAMS, SECOND._replace(delays=lags)
    settings = SETTINGS | dict(engine="numba", smoothing=smoothing, capacity=400)

    def padded(layers):
        spikes, _ = lif_layer_with_counts(layers[0], events, **settings)
        return answers(*lif_layer_with_counts(layers[1], spikes, **settings))

    def pooled(layers):
        pool, _ = pooled_layer(layers[0], events, mean=30, **settings)
        pool, counts = pooled_layer(layers[1], pool, mean=80, **settings)
        return answers(pool.rows(), counts)

    assert_identical(*(as_used(jax.value_and_grad(f))(layers) for f in (padded, pooled)))


def test_what_is_read_from_a_pool_is_what_is_read_from_padded_events():
    _, _, pool = both("numba", Smoothing(), events_of(BUSY), mean=30, capacity=25)
    assert pool.overflowed.tolist() == [False, False, True, False, False, False] and (pool.units < NO_UNIT).any()
    rows, effect = pool.rows(), lambda times: jnp.exp(-10 * times)
    for units in (NEURONS, 2):
        np.testing.assert_array_equal(unit_sums(pool, units, effect), unit_sums(rows, units, effect))
        counts = unit_counts(without_ghosts(pool), units)
        np.testing.assert_array_equal(counts, unit_counts(without_ghosts(rows), units))
    assert_identical(without_ghosts(pool).rows(), without_ghosts(rows))
