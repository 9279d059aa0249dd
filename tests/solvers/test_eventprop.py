"""The event-driven layer: exact spikes, and all that a caller may rely on. Its gradients: see ``tests/gradients``."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradlab.memory import residual_bytes
from solvers.eventprop import lif_layer, lif_layer_with_counts
from solvers.events import NO_UNIT, Events, pad_events, unit_counts
from solvers.lif import kappa, lif_params
from solvers.reference import simulate

INPUTS, NEURONS, BATCH, EVENTS = 6, 5, 3, 30
SETTINGS = dict(duration=60e-3, capacity=150, delay=1e-3)

pytestmark = pytest.mark.usefixtures("quick_compile")


@pytest.fixture(autouse=True, scope="module")
def float64():
    """For all threads: the context manager holds for one, and compiled code may call the kernels from another."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def some_params(seed=0, shared=False, tau_mem=(9e-3, 22e-3), tau_syn=(3e-3, 7e-3), recurrent=True, neurons=NEURONS):
    """A layer of moderate activity with time constants from the ranges given; ``tau_syn`` None for equal ones."""
    rng = np.random.default_rng(seed)
    size = () if shared else neurons
    mem = rng.uniform(*tau_mem, size)
    syn = mem if tau_syn is None else rng.uniform(*tau_syn, size)
    unit = 5e-3 / np.mean(syn)
    return lif_params(
        unit * rng.normal(1.0, 0.8, (INPUTS, neurons)),
        unit * rng.normal(0, 0.3, (neurons, neurons)) if recurrent else None,
        tau_mem=mem,
        tau_syn=syn,
        threshold=rng.uniform(0.8, 1.2, size),
        reset=rng.uniform(-0.2, 0.2, size),
    )


def some_events(seed=0, grid=0.0, batch=BATCH, capacity=None):
    rng = np.random.default_rng(seed)
    times = rng.uniform(1e-3, 0.9 * SETTINGS["duration"], (batch, EVENTS))
    times = np.round(times / grid) * grid if grid else times
    return pad_events(list(zip(times, rng.integers(0, INPUTS, (batch, EVENTS)), strict=True)), capacity)


def sample(events, b=0):
    return jax.tree.map(lambda x: x[b], events)


def assert_same_spikes(spikes, expected, atol=1e-12):
    """Of one sample; room may differ."""
    count = int(expected.count)
    assert spikes.count == count
    np.testing.assert_array_equal(spikes.units[:count], expected.units[:count])
    np.testing.assert_allclose(spikes.times[:count], expected.times[:count], rtol=0, atol=atol)
    assert np.isinf(spikes.times[count:]).all() and (np.asarray(spikes.units[count:]) == NO_UNIT).all()


def score(params, events, weights=None, **changes):
    """A smooth function of all spike times."""
    spikes = lif_layer(params, events, **{**SETTINGS, **changes})
    return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times + spikes.units), 0))


def assert_close(value, expected, rtol=1e-10):
    """Each array of a pytree, in proportion to its largest entry."""
    for x, y in zip(jax.tree.leaves(value), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=rtol * np.max(np.abs(y), initial=0))


@pytest.mark.parametrize("delay", [0.0, 0.05e-3, 1e-3, 5e-3])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("tau_mem", "tau_syn", "grid"),
    [
        ((9e-3, 22e-3), (3e-3, 7e-3), 0.0),
        ((9e-3, 22e-3), (3e-3, 7e-3), 4e-3),
        ((3e-3, 7e-3), (9e-3, 22e-3), 0.0),
        ((5e-3, 12e-3), None, 0.0),
    ],
)
def test_spikes_equal_the_reference(delay, shared, tau_mem, tau_syn, grid):
    total = 0
    for seed in range(2):
        params, events = some_params(seed, shared, tau_mem, tau_syn), sample(some_events(seed, grid))
        expected = simulate(params, events, duration=SETTINGS["duration"], delay=delay)
        assert_same_spikes(lif_layer(params, events, **{**SETTINGS, "delay": delay}), expected)
        total += int(expected.count)
    assert 20 <= total <= 200


def test_more_neurons_than_a_chunk_of_the_kernel():
    params, events = some_params(3, neurons=70), sample(some_events(3))
    params = params._replace(w_rec=0.2 * params.w_rec)
    expected = simulate(params, events, duration=SETTINGS["duration"], delay=1e-3)
    assert len(np.unique(expected.units)) > 33
    assert_same_spikes(lif_layer(params, events, **{**SETTINGS, "capacity": 600}), expected)


def test_a_neuron_that_fires_very_fast():
    params = lif_params(np.array([[400.0]]), tau_mem=20e-3, tau_syn=8e-3, reset=-0.3)
    events = pad_events([(np.array([1e-3, 2e-3]), np.zeros(2, int))])
    expected = simulate(params, sample(events), duration=20e-3, delay=0.0)
    assert expected.count > 150 and np.diff(expected.times).min() < 0.05e-3
    assert_same_spikes(sample(lif_layer(params, events, duration=20e-3, capacity=400, delay=0.0)), expected)


def test_inhibition_and_empty_input_are_silent():
    params, events = some_params(), some_events()
    inhibited = params._replace(w_in=-jnp.abs(params.w_in))
    empty = pad_events([(np.zeros(0), np.zeros(0, int))] * BATCH)
    assert empty.capacity == 0
    for spikes in (
        lif_layer(inhibited, events, **SETTINGS),
        lif_layer(params, empty, **SETTINGS),
        lif_layer(params, pad_events([(np.zeros(0), np.zeros(0, int))], 4), **SETTINGS),
    ):
        assert not spikes.count.any() and np.isinf(spikes.times).all() and (spikes.units == NO_UNIT).all()
    gradient = jax.grad(score)(params, empty)
    assert all((np.asarray(x) == 0).all() for x in jax.tree.leaves(gradient))


def test_spikes_end_with_the_trial():
    params, events = some_params(), some_events()
    complete = lif_layer(params, events, **SETTINGS)
    end = float(complete.times[0, 6:8].mean())
    spikes = lif_layer(params, events, **{**SETTINGS, "duration": end})
    assert spikes.count[0] == 7
    for b in range(BATCH):
        inside = jnp.sum(complete.times[b] < end)
        assert_same_spikes(sample(spikes, b), sample(complete, b)._replace(count=inside), atol=1e-14)


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


def test_transformations_of_jax():
    params, events = some_params(), some_events()
    plain = jax.grad(score)(params, events)
    assert_close(jax.jit(jax.grad(score))(params, events), plain, rtol=1e-14)
    value, gradient = jax.jit(jax.value_and_grad(score))(params, events)
    assert value == pytest.approx(float(score(params, events)), rel=1e-14)
    assert_close(gradient, plain, rtol=1e-14)

    several = jax.tree.map(lambda x: jnp.stack([x, 1.02 * x]), params)
    spikes = jax.vmap(lambda p: lif_layer(p, events, **SETTINGS))(several)
    gradients = jax.jit(jax.vmap(lambda p: jax.grad(score)(p, events)))(several)
    for k in range(2):
        p = sample(several, k)
        for x, y in zip(sample(spikes, k), lif_layer(p, events, **SETTINGS), strict=True):
            np.testing.assert_array_equal(x, y)
        assert_close(sample(gradients, k), jax.grad(score)(p, events), rtol=1e-14)
    by_sample = jax.vmap(lambda e: lif_layer(params, e, **SETTINGS))(events)
    np.testing.assert_array_equal(by_sample.times, lif_layer(params, events, **SETTINGS).times)


def test_gradients_of_a_part_of_the_parameters_are_the_same():
    params, events = some_params(), some_events()
    everything = jax.grad(score)(params, events)
    weights = jax.grad(lambda w: score(params._replace(w_in=w), events))(params.w_in)  # takes a shorter way
    assert_close(weights, everything.w_in, rtol=1e-12)
    taus = jax.grad(lambda tau: score(params._replace(tau_syn=tau), events))(params.tau_syn)
    assert_close(taus, everything.tau_syn, rtol=1e-12)


@pytest.mark.parametrize("recurrent", [True, False])
def test_shared_constants_equal_one_entry_for_each_neuron(recurrent):
    events, shared = some_events(), some_params(shared=True, recurrent=recurrent)
    names = "tau_mem", "tau_syn", "threshold", "reset"
    each = shared._replace(**{name: jnp.full(NEURONS, getattr(shared, name)) for name in names})
    np.testing.assert_allclose(
        lif_layer(shared, events, **SETTINGS).times, lif_layer(each, events, **SETTINGS).times, rtol=0, atol=1e-12
    )
    of_shared, of_each = jax.grad(score)(shared, events), jax.grad(score)(each, events)
    summed = of_each._replace(**{name: getattr(of_each, name).sum() for name in names})
    assert_close(of_shared, summed)
    only_weights = jax.grad(lambda w: score(shared._replace(w_in=w), events))(shared.w_in)
    assert_close(only_weights, of_each.w_in)


def test_padding_changes_nothing():
    params, events = some_params(), some_events()
    padded = some_events(capacity=EVENTS + 13)
    for settings_ in (SETTINGS, {**SETTINGS, "capacity": 97}):
        spikes, other = lif_layer(params, events, **SETTINGS), lif_layer(params, padded, **settings_)
        room = min(spikes.capacity, other.capacity)
        np.testing.assert_array_equal(spikes.times[:, :room], other.times[:, :room])
        np.testing.assert_array_equal(spikes.units[:, :room], other.units[:, :room])
    by_times = lambda events: jax.grad(lambda t: score(params, events._replace(times=t)))(events.times)  # noqa: E731
    np.testing.assert_array_equal(by_times(padded)[:, :EVENTS], by_times(events))
    np.testing.assert_array_equal(by_times(padded)[:, EVENTS:], 0)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.floats(0, 0.2))
def test_spikes_move_with_the_input(seed, shift):
    params, events = some_params(seed), some_events(seed)
    later = events._replace(times=events.times + shift)
    spikes = lif_layer(params, events, **SETTINGS)
    moved = lif_layer(params, later, **{**SETTINGS, "duration": SETTINGS["duration"] + shift})
    for b in range(BATCH):
        expected = sample(spikes, b)
        assert_same_spikes(sample(moved, b), expected._replace(times=expected.times + shift), atol=1e-11)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.permutations(range(NEURONS)), st.permutations(range(INPUTS)))
def test_names_of_the_units_do_not_matter(seed, neurons, inputs):
    params, events = some_params(seed), some_events(seed)
    neurons, inputs = np.array(neurons), np.array(inputs)
    renamed = params._replace(
        w_in=params.w_in[inputs][:, neurons],
        w_rec=params.w_rec[neurons][:, neurons],
        **{name: getattr(params, name)[neurons] for name in ("tau_mem", "tau_syn", "threshold", "reset")},
    )
    spikes = lif_layer(params, events, **SETTINGS)
    other = lif_layer(renamed, events._replace(units=jnp.argsort(inputs)[events.units]), **SETTINGS)
    np.testing.assert_array_equal(spikes.count, other.count)
    np.testing.assert_array_equal(
        jnp.where(spikes.valid, spikes.units, 0), jnp.where(other.valid, neurons[other.units], 0)
    )
    np.testing.assert_allclose(spikes.times, other.times, rtol=0, atol=1e-11)


def test_the_unit_of_voltage_does_not_matter():
    params, events, unit = some_params(), some_events(), 1e-3
    scaled = params._replace(**{name: unit * getattr(params, name) for name in ("w_in", "w_rec", "threshold", "reset")})
    spikes, other = lif_layer(params, events, **SETTINGS), lif_layer(scaled, events, **SETTINGS)
    np.testing.assert_allclose(spikes.times, other.times, rtol=0, atol=1e-12)
    assert_close(unit * jax.grad(score)(scaled, events).w_rec, jax.grad(score)(params, events).w_rec)


@pytest.mark.parametrize("capacity", [1, 5, 12])
def test_overflow_is_seen_and_poisons_only_what_depends_on_it(capacity):
    params, events = some_params(), some_events()
    events = events._replace(count=events.count.at[1].set(3))  # of this sample only three input spikes are left
    complete = lif_layer(params, events, **SETTINGS)
    assert (complete.count[jnp.array([0, 2])] > 12).all() and complete.count[1] <= 1
    spikes = lif_layer(params, events, **{**SETTINGS, "capacity": capacity})
    np.testing.assert_array_equal(spikes.overflowed, [True, False, True])
    assert (spikes.count[jnp.array([0, 2])] > capacity).all() and np.isnan(spikes.times[jnp.array([0, 2])]).all()
    assert_same_spikes(sample(spikes, 1), sample(complete, 1), atol=0)
    gradient = jax.grad(score)(params, events, capacity=capacity)
    assert all(np.isnan(x).all() for x in jax.tree.leaves(gradient))
    following = lif_layer(some_params(neurons=4)._replace(w_in=jnp.ones((NEURONS, 4))), spikes, **SETTINGS)
    np.testing.assert_array_equal(following.overflowed, [True, False, True])
    exact = int(complete.count.max())
    np.testing.assert_array_equal(
        lif_layer(params, events, **{**SETTINGS, "capacity": exact}).times, complete.times[:, :exact]
    )


@pytest.mark.parametrize(
    ("times", "units", "message"),
    [
        ([2e-3, 1e-3], [0, 1], "sample 1: .* in order: sort each sample"),
        ([1e-3, np.nan], [0, 1], "sample 1: .* in order"),
        ([1e-3, 2e-3], [0, INPUTS], "sample 1: .* a unit outside the rows of w_in"),
        ([1e-3, 2e-3], [0, -1], "sample 1: .* a unit outside the rows of w_in"),
    ],
)
def test_wrong_events(times, units, message):
    good = [1e-3, 1e-3], [0, 1]
    events = Events(jnp.array([good[0], times]), jnp.array([good[1], units], jnp.int32), jnp.array([2, 2], jnp.int32))
    with pytest.raises(Exception, match=message):
        lif_layer(some_params(), events, **SETTINGS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(engine="gpu"), "unknown engine 'gpu': choose one of numba"),
        (dict(duration=0.0), "duration is 0.0 s, expected > 0"),
        (dict(duration=float("nan")), "duration is nan s"),
        (dict(delay=-1e-3), "delay is -0.001 s, expected >= 0"),
        (dict(delay=float("nan")), "delay is nan s"),
        (dict(capacity=0), "capacity is 0 spikes, expected at least 1"),
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


def test_single_precision_stays_single():
    with jax.enable_x64(False):
        params, events = jax.tree.map(
            lambda x: jnp.asarray(x, jnp.float32 if jnp.issubdtype(x.dtype, jnp.floating) else x.dtype),
            (some_params(), some_events()),
        )
        spikes, counts = lif_layer_with_counts(params, events, **SETTINGS)
        assert spikes.times.dtype == counts.dtype == jnp.float32
        assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(jax.grad(score)(params, events)))
    exact = lif_layer(some_params(), some_events(), **SETTINGS)
    np.testing.assert_array_equal(spikes.units, exact.units)
    np.testing.assert_allclose(spikes.times, exact.times, rtol=1e-4)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_three_numbers_of_a_spike_are_all_that_is_kept_between_the_passes(wrap):
    def kept(batch=3, capacity=50, inputs=30, duration=60e-3):
        array = jax.ShapeDtypeStruct
        params = jax.tree.map(lambda x: array(x.shape, jnp.float32), some_params())
        shape = (batch, inputs)
        events = Events(array(shape, jnp.float32), array(shape, jnp.int32), array((batch,), jnp.int32))
        settings_ = dict(duration=duration, capacity=capacity, delay=1e-3)
        return residual_bytes(wrap(lambda p, e: jnp.sum(lif_layer(p, e, **settings_).times)), params, events)

    assert kept() == 3 * (12 * 50 + 4)  # time, neuron and current of each spike; and the number of spikes
    assert kept(capacity=80) - kept() == 3 * 12 * 30
    assert kept(batch=7) == 7 * (12 * 50 + 4)
    assert kept(inputs=300, duration=6.0) == kept()


def test_heuristic_gradient_of_counts():
    params, events = lif_params(np.array([[5.0, 1.0], [4.0, 0.5]])), pad_events([([1e-3, 3e-3], [0, 1])])

    def count(w_in, neuron):
        return lif_layer_with_counts(params._replace(w_in=w_in), events, **SETTINGS)[1][0, neuron]

    # One spike at t, where the derivative of v/threshold, with v taken as free, is kappa of the lags since the inputs.
    spikes = lif_layer(params, events, **SETTINGS)
    assert spikes.count == 1 and spikes.units[0, 0] == 0 and spikes.times[0, 0] > 3e-3
    lags = spikes.times[0, 0] - events.times[0]
    expected = np.zeros((2, 2))
    expected[:, 0] = kappa(lags, params.tau_mem, params.tau_syn) / params.threshold
    np.testing.assert_allclose(jax.grad(count)(params.w_in, 0), expected, rtol=1e-12)
    np.testing.assert_array_equal(jax.grad(count)(params.w_in, 1), 0)  # silent neurons get nothing
