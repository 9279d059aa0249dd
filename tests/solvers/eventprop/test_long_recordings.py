"""Float32 in recordings of any length: the spikes and gradients of float64, though the clock counts many seconds."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_layers import FAST

from solvers.eventprop import lif_layer
from solvers.eventprop.engines import ENGINES
from solvers.eventprop.engines.numba.remainder import joined, split
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

INPUTS, NEURONS, CAPACITY = 12, 8, 400
GRID = {1.0: 2**-24, 1000.0: 2**-14, 65536.0: 2**-7}  # of the times of the input, by the duration [s]
SHARE = np.random.default_rng(9).normal(size=(1, CAPACITY))  # of each spike in the loss

pytestmark = [
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore:float32 resolves times"),
]


def as_type(tree, dtype):
    return jax.tree.map(lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def problem(seed, duration, bursts, shared):
    """A recurrent layer and bursts of input, the last at the end, at times that float32 has, all in float32."""
    rng = np.random.default_rng(seed)
    size = () if shared else NEURONS
    params = lif_params(
        rng.normal(0.5, 0.3, (INPUTS, NEURONS)),
        rng.normal(0, 0.1, (NEURONS, NEURONS)),
        tau_mem=rng.uniform(9e-3, 22e-3, size),
        tau_syn=rng.uniform(3e-3, 7e-3, size),
    )
    begins = duration * np.arange(1, bursts + 1) / bursts - 0.15
    grid = GRID[duration]
    times = np.round((begins[:, None] + rng.uniform(0, 0.14, (bursts, 50))).ravel() / grid) * grid
    events = pad_events([(times, rng.integers(0, INPUTS, len(times)))])
    assert (events.times == events.times.astype(jnp.float32)).all()
    return as_type((params, events), jnp.float32)


def gradient(params, events, duration, engine, delay=1e-3):
    """Of a sum of spike times with respect to all parameters and input times; and the spikes."""

    def loss(params, times):
        settings = dict(duration=duration, capacity=CAPACITY, delay=delay, engine=engine)
        spikes = lif_layer(params, events._replace(times=times), **settings)
        return jnp.sum(jnp.where(spikes.valid, SHARE.astype(times.dtype) * spikes.times, 0)), spikes

    return jax.grad(loss, (0, 1), has_aux=True)(params, events.times)


def distances(value, expected):
    """Relative, in the norm of each array."""
    pairs = zip(jax.tree.leaves(value), jax.tree.leaves(expected), strict=True)
    return [float(np.linalg.norm(np.float64(x) - y) / np.linalg.norm(y)) for x, y in pairs]


# Problems of which rounding errors of the parameters hardly change the gradient: duration, bursts, shared, seed.
PROBLEMS = [
    (1.0, 3, False, 12),
    pytest.param(1000.0, 3, False, 19, marks=pytest.mark.slow),
    (65536.0, 3, True, 3),
]


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize(("duration", "bursts", "shared", "seed"), PROBLEMS)
def test_spikes_and_gradients_are_those_of_double_precision(duration, bursts, shared, seed, engine):
    params, events = problem(seed, duration, bursts, shared)
    exact = as_type((params, events), jnp.float64)
    (expected, spikes), (value, rounded) = (
        gradient(*exact, duration, "numba"),
        gradient(params, events, duration, engine),
    )
    count = int(spikes.count[0])
    assert count >= 15 and rounded.times.dtype == jnp.float32
    np.testing.assert_array_equal(rounded.count, spikes.count)
    np.testing.assert_array_equal(rounded.units, spikes.units)
    error = np.abs(np.float64(rounded.times) - spikes.times)[0, :count]
    assert (error <= np.spacing(np.float32(spikes.times[0, :count]))).all()
    moved = jax.tree.map(lambda x: x * (1 + 6e-8 * np.random.default_rng(0).normal(size=x.shape)), exact[0])
    assert max(distances(gradient(moved, exact[1], duration, "numba")[0], expected)) < 1e-5
    assert max(distances(value, expected)) < 1e-4


def exact_times(params, events, duration, engine):
    """Spikes as an engine keeps them; those that a layer returns are rounded."""
    spikes, kept = ENGINES[engine].forward(params, events, duration=duration, delay=1e-3, capacity=CAPACITY)
    high = np.asarray(spikes.times)
    if engine == "numba":
        return spikes, joined(high, np.asarray(kept.remainder))
    return spikes, np.float64(high) + np.float64(kept.remainder)


@pytest.mark.parametrize("engine", FAST)
@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.integers(0, 65535))
def test_it_does_not_matter_when_something_happens(engine, seed, shift):
    params, events = problem(seed, 65536.0, 1, shared=True)
    early = events._replace(times=events.times - jnp.float32(65535))
    late = events._replace(times=early.times + jnp.float32(shift))
    spikes, times = exact_times(params, early, 65536.0, engine)
    other, moved = exact_times(params, late, 65536.0, engine)
    assume(np.min(np.diff(times[0, : int(spikes.count[0])]), initial=1) > 1e-6)  # no two whose order may be rounding's
    np.testing.assert_array_equal(spikes.units, other.units)
    np.testing.assert_allclose(moved, times + shift, rtol=0, atol=1e-6)


@pytest.mark.parametrize("engine", FAST)
def test_what_is_kept_of_a_spike(engine):
    params, events = problem(0, 65536.0, 1, shared=True)
    early = events._replace(times=events.times - jnp.float32(65535))

    def remainder(dtype, duration):
        forward = partial(ENGINES[engine].forward, duration=duration, delay=1e-3, capacity=CAPACITY)
        return jax.eval_shape(forward, *as_type((params, early), dtype))[1].remainder

    assert remainder(jnp.float32, 8.0) is None and remainder(jnp.float64, 65536.0) is None
    assert remainder(jnp.float32, 9.0) is not None


def test_a_remainder_loses_nothing():
    rng = np.random.default_rng(0)
    times = np.concatenate([10 ** rng.uniform(-30, 30, 1000), 2.0 ** np.arange(-30, 30), [0.0, np.inf]])
    rounded, remainder = split(times, np.dtype("float32"))
    assert remainder.dtype == np.int32 and rounded.dtype == np.float32
    np.testing.assert_array_equal(joined(rounded, remainder), times)
    np.testing.assert_allclose(joined(*split(np.array([1e-44, 1e-300]), np.dtype("float32"))), 0, atol=1e-37)


def test_output_that_float32_does_not_resolve_is_told():
    params, events = problem(0, 65536.0, 1, shared=True)
    settings = dict(duration=65536.0, capacity=CAPACITY, engine="numba")
    with pytest.warns(UserWarning, match=r"float32 .* 0.0078 s .* 65536 s.*jax_enable_x64.* cut the recording"):
        lif_layer(params, events, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lif_layer(*as_type((params, events), jnp.float64), **settings)
        lif_layer(params, events, **{**settings, "duration": 800.0})
