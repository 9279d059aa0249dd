"""Spikes of a batch in one pool: the same as padded ones, to the last bit, whoever of the batch is busy."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import FAST, INPUTS, NEURONS, SETTINGS, some_params

from solvers.delays import Delays
from solvers.eventprop import ENGINES, Smoothing, lif_layer, lif_layer_with_counts, pooled_layer
from solvers.eventprop.engines import PooledEngine
from solvers.events import NO_UNIT, Events, pad_events, reading, unit_counts, unit_sums, without_ghosts

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


def events_of(counts, room=None):
    rng = np.random.default_rng(0)
    samples = [(np.sort(rng.uniform(0, 50e-3, n)).astype(np.float32), rng.integers(0, INPUTS, n)) for n in counts]
    return pad_events(samples, room)


PARAMS, SECOND = in_single((some_params(), some_params(1, recurrent=False, neurons=3)))
SECOND = SECOND._replace(w_in=2 * SECOND.w_in[:NEURONS])


def answers(spikes, counts):
    """A number of what comes out, in which each spike and each count matters."""
    weights = jnp.sin(jnp.arange(spikes.times.size, dtype=jnp.float32)).reshape(spikes.times.shape)
    effects = jnp.where(spikes.valid, weights * jnp.where(spikes.valid, spikes.times, 0), 0)
    return 100 * jnp.sum(spikes.weigh(effects)) + jnp.sum(jnp.cos(counts))


def functions(engine, smoothing, mean):
    """A number of the spikes of a layer, and they themselves, padded and by a pool; the latter gives also the pool."""
    settings = SETTINGS | dict(engine=engine, smoothing=smoothing)

    def padded(params, events):
        spikes, counts = lif_layer_with_counts(params, events, **settings)
        return answers(spikes, counts), (spikes, counts)

    def pooled(params, events):
        pool, counts = pooled_layer(params, events, mean=mean, **settings)
        return answers(pool.rows(), counts), (pool.rows(), counts, pool)

    return padded, pooled


def assert_identical(found, expected):
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(x, y)


LONG = pytest.mark.slow  # to compile both passes with the engine xla, twice


@pytest.mark.parametrize(
    ("engine", "kind"),
    [("numba", "exact"), ("numba", "smooth"), (PADDED, "smooth"),
     pytest.param("xla", "exact", marks=LONG), pytest.param("xla", "smooth", marks=LONG)],
)  # fmt: skip
def test_a_busy_sample_among_silent_ones_costs_what_it_needs(engine, kind):
    padded, pooled = functions(engine, KINDS[kind], mean=30)
    events = events_of(BUSY)

    def with_gradient(function):
        of_times = lambda params, times: function(params, events._replace(times=times))  # noqa: E731
        return jax.jit(jax.value_and_grad(of_times, (0, 1), has_aux=True))(PARAMS, events.times)

    (value, expected), of_padded = with_gradient(padded)
    (found, (*result, pool)), of_pool = with_gradient(pooled)
    assert_identical((found, result, of_pool), (value, list(expected), of_padded))
    assert expected[0].count.max() > 3 * pool.slots / len(BUSY) and not pool.overflowed.any()
    used = int(pool.count.sum())
    np.testing.assert_array_equal(pool.start[1:], np.cumsum(pool.count)[:-1])
    assert np.isinf(pool.times[used:]).all() and (np.asarray(pool.units[used:]) == NO_UNIT).all()
    assert (used < pool.slots) and np.isfinite(pool.times[:used]).all()


@pytest.mark.parametrize("engine", [*FAST, PADDED])
def test_whoever_is_busy_and_whatever_pages_it_gets(engine):
    """One program for batches of one shape: in another order samples get other pages; too many spikes do not fit."""

    @jax.jit
    def fired(events):
        pool, _ = pooled_layer(PARAMS, events, mean=100, **SETTINGS, engine=engine, smoothing=Smoothing())
        return pool, pool.rows(), without_ghosts(pool).rows()

    events, order = events_of([50, 12, 45, 0], room=60), np.array([2, 0, 3, 1])
    pool, rows, spikes = fired(events)
    _, other, _ = fired(jax.tree.map(lambda x: x[order], events))
    assert_identical(other, jax.tree.map(lambda x: x[order], rows))
    expected = jax.jit(partial(lif_layer, PARAMS, **SETTINGS, engine="numba"))(events)
    np.testing.assert_array_equal(spikes.units, expected.units)
    np.testing.assert_allclose(spikes.times, expected.times, rtol=0, atol=1e-6)
    assert 20 < expected.count.sum() < pool.count.sum() and not pool.overflowed.any()
    _, silent, _ = fired(events_of([0] * 4, room=60))
    assert not silent.count.any() and np.isinf(silent.times).all()
    full, rows, _ = fired(events_of([60] * 4, room=60))
    assert full.overflowed.all() and full.count.sum() > full.slots
    assert np.isnan(rows.times).all() and (rows.count > rows.capacity).all()


def test_if_the_pool_is_too_small_there_is_no_gradient():
    _, pooled = functions("numba", None, mean=2)
    gradient, (_, _, pool) = jax.jit(jax.grad(pooled, has_aux=True))(PARAMS, events_of([9, 0, 20]))
    assert pool.overflowed.all() and all(np.isnan(x).all() for x in jax.tree.leaves(gradient))


def test_no_samples_at_all():
    events = Events(jnp.zeros((0, 3)), jnp.zeros((0, 3), int), jnp.zeros(0, int))
    pool = jax.jit(lambda events: pooled_layer(PARAMS, events, mean=4, engine="numba", **SETTINGS)[0].rows())(events)
    assert pool.times.shape == (0, SETTINGS["capacity"])


@pytest.mark.parametrize(("inputs", "mean"), [(2**16, 128), (8, 2**16)])
def test_more_events_than_an_index_has_room_for_are_refused(inputs, mean):
    shape = (2**16, inputs)
    events = Events(jnp.zeros((1, 1)), jnp.zeros((1, 1), int), jnp.zeros(1, int))
    events = jax.tree.map(lambda x: jax.ShapeDtypeStruct(shape[: x.ndim], x.dtype), events)
    layer = partial(pooled_layer, PARAMS, duration=0.1, capacity=2**17, mean=mean, engine="xla")
    with pytest.raises(ValueError, match="room for 4,29.* events, expected at most 2,147,483,647, which JAX can index"):
        jax.eval_shape(layer, events)


def test_layers_on_layers():
    """Ghosts and derivatives pass a pool; delays of channels put it into another order."""
    events, lags = events_of(BUSY), Delays(jnp.linspace(0, 20e-3, NEURONS, dtype=jnp.float32), None)
    settings = SETTINGS | dict(engine="numba", smoothing=Smoothing(), capacity=400)

    def padded(layers):
        spikes, _ = lif_layer_with_counts(layers[0], events, **settings)
        return answers(*lif_layer_with_counts(layers[1], spikes, **settings))

    def pooled(layers):
        pool, _ = pooled_layer(layers[0], events, mean=30, **settings)
        pool, counts = pooled_layer(layers[1], pool, mean=80, **settings)
        return answers(pool.rows(), counts)

    layers = PARAMS, SECOND._replace(delays=lags)
    assert_identical(*(jax.jit(jax.value_and_grad(f))(layers) for f in (padded, pooled)))


def test_what_is_read_from_a_pool_is_what_is_read_from_padded_events():
    """Also where a sample has more spikes than it may have, which leaves the others."""

    def read(events):
        effect = lambda times: jnp.exp(-10 * times)  # noqa: E731
        there = without_ghosts(events)
        numbers = [(unit_sums(events, units, effect), unit_counts(there, units)) for units in (NEURONS, 2)]
        return numbers, there if isinstance(there, Events) else there.rows()

    @jax.jit
    def both(events):
        settings = SETTINGS | dict(engine="numba", smoothing=Smoothing(), capacity=25)
        (pool, _), (rows, _) = (
            pooled_layer(PARAMS, events, mean=30, **settings), lif_layer_with_counts(PARAMS, events, **settings)
        )  # fmt: skip
        return pool, read(pool), read(rows), pool.rows(), rows

    pool, of_pool, of_rows, *rows = both(events_of(BUSY))
    assert pool.overflowed.tolist() == [False, False, True, False, False, False] and (pool.units < NO_UNIT).any()
    assert_identical(of_pool, of_rows)
    assert_identical(*rows)


@pytest.mark.parametrize("slots", [7, 50])
def test_a_pool_is_read_a_part_at_a_time(monkeypatch, slots):
    """Parts of any length, some of which begin within a sample, give what the whole does, and its gradient."""

    def read(events):
        return unit_sums(events, NEURONS, lambda times: jnp.exp(-10 * times)), unit_counts(events, NEURONS)

    def loss(times, events):
        sums, _ = read(events._replace(times=times))
        return jnp.sum(jnp.where(events.overflowed[:, None], 0, sums) ** 2)

    settings = SETTINGS | dict(engine="numba", smoothing=Smoothing(), capacity=25)
    pool, _ = pooled_layer(PARAMS, events_of(BUSY), mean=30, **settings)
    parts = -(-pool.slots // slots)
    assert pool.slots == 180  # which neither length divides
    whole = read(pool), jax.grad(loss)(pool.times, pool)
    monkeypatch.setattr(reading, "_PART", slots)
    monkeypatch.setattr(reading, "_MOST_PARTS", parts)
    assert_identical((read(pool), jax.grad(loss)(pool.times, pool)), whole)
