"""What callers of the event-driven layer rely on: transformations, overflow, errors, memory, types."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.extend.backend
import jax.numpy as jnp
import numpy as np
import pytest
import small_layers
from small_layers import (
    BATCH,
    FAST,
    INPUTS,
    NEURONS,
    SETTINGS,
    as_used,
    assert_close,
    assert_same_spikes,
    sample,
    score,
    some_events,
    some_params,
)

from gradlab.measuring.memory import residual_bytes
from solvers.eventprop import engine_name, lif_layer, lif_layer_with_counts
from solvers.events import Events, pad_events, unit_counts
from solvers.neurons import NEURONS as NEURONS_BY_NAME
from solvers.neurons.lif import kappa, lif_params

pytestmark = pytest.mark.usefixtures("float64")


def test_batch_equals_a_loop_over_samples():
    params, events = some_params(), some_events()
    spikes, counts = lif_layer_with_counts(params, events, **SETTINGS)
    assert spikes.times.shape == (BATCH, SETTINGS["capacity"]) and counts.shape == (BATCH, NEURONS)
    np.testing.assert_array_equal(counts, unit_counts(spikes, NEURONS))
    gradient, by_times = jax.grad(lambda p, t: score(p, events._replace(times=t)), (0, 1))(params, events.times)
    total = jax.tree.map(jnp.zeros_like, params)
    for b in range(BATCH):
        one = sample(events, b)
        assert_same_spikes(lif_layer(params, one, **SETTINGS), sample(spikes, b), atol=0)
        np.testing.assert_array_equal(lif_layer_with_counts(params, one, **SETTINGS)[1], counts[b])
        by_params, by_time = jax.grad(lambda p, t, one=one: score(p, one._replace(times=t)), (0, 1))(params, one.times)
        total = jax.tree.map(jnp.add, total, by_params)
        np.testing.assert_array_equal(by_time, by_times[b])
    assert_close(gradient, total, rtol=1e-13)


@pytest.mark.parametrize("engine", FAST)
def test_transformations_of_jax(engine):
    params, events = some_params(), some_events()
    usual, score = {**SETTINGS, "engine": engine}, partial(small_layers.score, engine=engine)
    plain = jax.grad(score)(params, events)
    assert_close(jax.jit(jax.grad(score))(params, events), plain, rtol=1e-14)
    value, gradient = jax.jit(jax.value_and_grad(score))(params, events)
    assert value == pytest.approx(float(score(params, events)), rel=1e-14)
    assert_close(gradient, plain, rtol=1e-14)

    layer = as_used(lambda p, e: lif_layer(p, e, **usual))
    several = jax.tree.map(lambda x: jnp.stack([x, 1.02 * x]), params)
    spikes = as_used(jax.vmap(lambda p: lif_layer(p, events, **usual)))(several)
    gradients = as_used(jax.vmap(lambda p: jax.grad(score)(p, events)))(several)
    for k in range(2):
        p = sample(several, k)
        for x, y in zip(sample(spikes, k), layer(p, events), strict=True):
            np.testing.assert_array_equal(x, y)
        assert_close(sample(gradients, k), as_used(jax.grad(score))(p, events), rtol=1e-14)
    by_sample = as_used(jax.vmap(lambda e: lif_layer(params, e, **usual)))(events)
    np.testing.assert_array_equal(by_sample.times, layer(params, events).times)


def test_gradients_of_a_part_of_the_parameters_are_the_same():
    params, events = some_params(), some_events()
    everything = jax.grad(score)(params, events)
    weights = jax.grad(lambda w: score(params._replace(w_in=w), events))(params.w_in)  # takes a shorter way
    assert_close(weights, everything.w_in, rtol=1e-12)
    taus = jax.grad(lambda tau: score(params._replace(tau_syn=tau), events))(params.tau_syn)
    assert_close(taus, everything.tau_syn, rtol=1e-12)


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("capacity", [1, 12])
def test_overflow_is_seen_and_poisons_only_what_depends_on_it(capacity, engine):
    usual = {**SETTINGS, "engine": engine}
    params, events = some_params(), some_events()
    events = events._replace(count=events.count.at[1].set(3))  # of this sample only three input spikes are left
    complete = lif_layer(params, events, **usual)
    assert (complete.count[jnp.array([0, 2])] > 12).all() and complete.count[1] <= 1
    spikes = lif_layer(params, events, **{**usual, "capacity": capacity})
    np.testing.assert_array_equal(spikes.overflowed, [True, False, True])
    assert (spikes.count[jnp.array([0, 2])] > capacity).all() and np.isnan(spikes.times[jnp.array([0, 2])]).all()
    assert_same_spikes(sample(spikes, 1), sample(complete, 1), atol=0)
    gradient = jax.grad(score)(params, events, capacity=capacity, engine=engine)
    assert all(np.isnan(x).all() for x in jax.tree.leaves(gradient))
    following = lif_layer(some_params(neurons=4)._replace(w_in=jnp.ones((NEURONS, 4))), spikes, **usual)
    np.testing.assert_array_equal(following.overflowed, [True, False, True])
    exact = int(complete.count.max())
    np.testing.assert_array_equal(
        lif_layer(params, events, **{**usual, "capacity": exact}).times, complete.times[:, :exact]
    )


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize(
    ("times", "units", "message"),
    [
        ([2e-3, 1e-3], [0, 1], "sample 1: .* in order: sort each sample"),
        ([1e-3, np.nan], [0, 1], "sample 1: .* in order"),
        ([1e-3, 2e-3], [0, INPUTS], "sample 1: .* a unit outside the rows of w_in"),
        ([1e-3, 2e-3], [0, -1], "sample 1: .* a unit outside the rows of w_in"),
    ],
)
def test_wrong_events(times, units, message, engine):
    good = [1e-3, 1e-3], [0, 1]
    events = Events(jnp.array([good[0], times]), jnp.array([good[1], units], jnp.int32), jnp.array([2, 2], jnp.int32))
    with pytest.raises(Exception, match=message):
        lif_layer(some_params(), events, **SETTINGS, engine=engine)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(engine="gpu"), "unknown engine 'gpu': choose one of auto, numba, xla, cuda, ode"),
        (dict(duration=0.0), "duration is 0, expected a finite number > 0"),
        (dict(duration=float("nan")), "duration is nan, expected"),
        (dict(delay=-1e-3), "delay is -0.001, expected a finite number >= 0"),
        (dict(delay=float("nan")), "delay is nan, expected"),
        (dict(capacity=0), "capacity is 0, expected a whole number >= 1"),
    ],
)
def test_impossible_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        lif_layer(some_params(), some_events(), **{**SETTINGS, **changes})


def test_impossible_arguments():
    with pytest.raises(ValueError, match=r"shape \(1, 3, 30\), expected \[capacity\] or \[batch, capacity\]"):
        lif_layer(some_params(), jax.tree.map(lambda x: x[None], some_events()), **SETTINGS)
    with pytest.raises(ValueError, match="tau_mem is -1 s"):
        lif_layer(some_params()._replace(tau_mem=jnp.array(-1.0)), some_events(), **SETTINGS)
    half = jax.tree.map(lambda x: x.astype(jnp.float16), some_params())
    with pytest.raises(ValueError, match="float16, expected float32 or float64"):
        lif_layer(half, some_events(), **SETTINGS)


def test_traced_once_and_the_same_every_time():
    traces = []

    @jax.jit
    def gradient(params, events):
        traces.append(params)
        return jax.grad(score)(params, events)

    params, events = some_params(), some_events()
    first = gradient(params, events)
    gradient(some_params(1), some_events(1))
    for x, y in zip(jax.tree.leaves(first), jax.tree.leaves(gradient(params, events)), strict=True):
        np.testing.assert_array_equal(x, y)
    assert len(traces) == 1


@pytest.mark.parametrize("engine", FAST)
def test_single_precision_stays_single(engine):
    with jax.enable_x64(False):
        params, events = jax.tree.map(
            lambda x: jnp.asarray(x, jnp.float32 if jnp.issubdtype(x.dtype, jnp.floating) else x.dtype),
            (some_params(), some_events()),
        )
        spikes, counts = lif_layer_with_counts(params, events, **SETTINGS, engine=engine)
        assert spikes.times.dtype == counts.dtype == jnp.float32
        assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(jax.grad(score)(params, events, engine=engine)))
    exact = lif_layer(some_params(), some_events(), **SETTINGS)
    np.testing.assert_array_equal(spikes.units, exact.units)
    np.testing.assert_allclose(spikes.times, exact.times, rtol=1e-4)


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_three_numbers_of_a_spike_are_all_that_is_kept_between_the_passes(wrap, engine):
    def kept(batch=3, capacity=50, inputs=30, duration=60e-3):
        array = jax.ShapeDtypeStruct
        params = jax.tree.map(lambda x: array(x.shape, jnp.float32), some_params())
        shape = (batch, inputs)
        events = Events(array(shape, jnp.float32), array(shape, jnp.int32), array((batch,), jnp.int32))
        settings_ = dict(duration=duration, capacity=capacity, delay=1e-3, engine=engine)
        return residual_bytes(wrap(lambda p, e: jnp.sum(lif_layer(p, e, **settings_).times)), params, events)

    assert kept() == 3 * (12 * 50 + 4)  # time, neuron and current of each spike; and the number of spikes
    assert kept(capacity=80) - kept() == 3 * 12 * 30
    assert kept(batch=7) == 7 * (12 * 50 + 4)
    assert kept(inputs=300, duration=6.0) == kept()


@pytest.mark.parametrize("engine", FAST)
def test_heuristic_gradient_of_counts(engine):
    params, events = lif_params(np.array([[5.0, 1.0], [4.0, 0.5]])), pad_events([([1e-3, 3e-3], [0, 1])])

    def count(w_in, neuron):
        return lif_layer_with_counts(params._replace(w_in=w_in), events, **SETTINGS, engine=engine)[1][0, neuron]

    # One spike at t, where the derivative of v/threshold, with v taken as free, is kappa of the lags since the inputs.
    spikes = lif_layer(params, events, **SETTINGS)
    assert spikes.count == 1 and spikes.units[0, 0] == 0 and spikes.times[0, 0] > 3e-3
    lags = spikes.times[0, 0] - events.times[0]
    expected = np.zeros((2, 2))
    expected[:, 0] = kappa(lags, params.tau_mem, params.tau_syn) / params.threshold
    np.testing.assert_allclose(jax.grad(count)(params.w_in, 0), expected, rtol=1e-12)
    np.testing.assert_array_equal(jax.grad(count)(params.w_in, 1), 0)  # silent neurons get nothing


def test_engines_give_the_same_gradients():
    """All of them at once, of spike times and counts; each alone is tested in ``tests/gradients``."""

    def total(params, times, events, engine):
        spikes, counts = lif_layer_with_counts(params, events._replace(times=times), **SETTINGS, engine=engine)
        return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times), 0)) + jnp.sum(jnp.cos(counts))

    for params in (some_params(), some_params(shared=True, tau_syn=None, recurrent=False)):
        events = some_events(grid=2e-3)
        numba, xla = (jax.grad(total, (0, 1))(params, events.times, events, engine) for engine in FAST)
        assert_close(xla, numba, rtol=1e-11)


@pytest.mark.parametrize(
    ("device", "made_by", "engine"),
    [("cpu", "cpu", "numba"), ("gpu", "cuda 13000", "cuda"), ("gpu", "rocm 60200", "xla"), ("tpu", "libtpu", "xla")],
)
def test_engine_follows_the_device(device, made_by, engine, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    backend = SimpleNamespace(platform_version=f"PJRT C API\n{made_by}")
    monkeypatch.setattr(jax.extend.backend, "get_backend", lambda: backend)
    assert engine_name("auto", dtype="float32") == engine and engine_name("numba") == "numba"
    assert engine_name("auto", "adaptive") == engine_name("ode", "adaptive") == "ode"
    other = "xla" if device == "gpu" else engine  # in this module the default type is float64
    assert engine_name("auto") == engine_name("auto", "clamp", dtype="float32") == other
    assert engine_name("auto", dtype="float32", smooth=True) == other


def test_engines_refuse_neurons_that_they_do_not_simulate():
    params = NEURONS_BY_NAME["adaptive"].make_params(np.ones((INPUTS, NEURONS)))
    with pytest.raises(ValueError, match="engine numba does not simulate neuron 'adaptive': choose ode"):
        lif_layer(params, some_events(), **SETTINGS, engine="numba")
    with pytest.raises(ValueError, match="unknown neuron 'liff': choose one of lif, adaptive"):
        engine_name("auto", "liff")
