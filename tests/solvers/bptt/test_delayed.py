"""Delays of channels and neurons on a time grid: against loops, automatic differentiation, and continuous time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close, draw_layer

from solvers import eventprop
from solvers.bptt import delayed, lif_layer, simulate
from solvers.bptt.delayed import shifted
from solvers.delays import Delays
from solvers.events import pad_events, to_grid
from solvers.neurons import NEURONS
from solvers.neurons.lif import kappa, lif_params
from solvers.reference.scan import scan_step
from solvers.surrogates import Surrogate

DT, STEPS, BATCH, INPUTS, HIDDEN = 1e-3, 61, 3, 6, 5
TIMES = dict(duration=0.06, dt=DT, delay=2e-3)
SURROGATE = Surrogate("superspike", slope=5.0, scale=0.8)

pytestmark = pytest.mark.usefixtures("float64")


def some_events(seed=0):
    rng = np.random.default_rng(seed)
    return pad_events([(rng.uniform(0, 0.05, 50), rng.integers(0, INPUTS, 50)) for _ in range(BATCH)])


def some_layer(inputs, recurrent, seed=1):
    layer = draw_layer(np.random.default_rng(seed), INPUTS, HIDDEN, (0.8, 1.0), (0, 1.5), (0.7, 1.3), (-0.3, 0.1))
    return layer._replace(delays=Delays(jnp.asarray(inputs, float), jnp.asarray(recurrent, float)))


def numpy_loop(p, grid, inputs, recurrent):
    """Spikes of a layer whose delays are whole numbers of steps."""
    p = jax.tree.map(np.asarray, p)
    a, b, k = np.exp(-DT / p.tau_mem), np.exp(-DT / p.tau_syn), np.asarray(kappa(DT, p.tau_mem, p.tau_syn))
    v = i = np.zeros((BATCH, HIDDEN))
    fired = []
    for n in range(STEPS):
        v = a * v + k * i
        fired.append((v >= p.threshold) * 1.0)
        v = np.where(v >= p.threshold, v - (p.threshold - p.reset), v)
        i = b * i
        for u in range(INPUTS):
            if n >= inputs[u]:
                i = i + grid[:, n - inputs[u], u, None] * p.w_in[u]
        for m in range(HIDDEN):
            if n >= 2 + recurrent[m]:
                i = i + fired[n - 2 - recurrent[m]][:, m, None] * p.w_rec[m]
    return np.stack(fired, 1)


def plain_scan(p, grid, dt):
    """The same with any delays, by interpolation in the whole past, its reverse pass left to JAX."""
    lags = 2 + p.delays.recurrent / dt
    start, step = scan_step(p._replace(w_rec=None), BATCH, dt=dt, delay=0, surrogate=SURROGATE, reset_gradient=True)
    arriving = shifted(jnp.moveaxis(grid, 1, 0), p.delays.inputs / dt) @ p.w_in

    def one(state, inputs):
        inner, past = state
        now, x = inputs
        (v, i, rest), fired = step(inner, x)
        past = past.at[now].set(fired)
        return ((v, i + shifted(past, lags)[now] @ p.w_rec, rest), past), fired

    past = jnp.zeros((len(arriving), BATCH, HIDDEN))
    return jnp.moveaxis(jax.lax.scan(one, (start, past), (jnp.arange(len(arriving)), arriving))[1], 0, 1)


def on_grid(p, events, **changes):
    return lif_layer(p, events, **TIMES | changes, surrogate=SURROGATE)


def test_whole_numbers_of_steps_equal_a_loop():
    rng, events = np.random.default_rng(2), some_events()
    inputs, recurrent = rng.integers(0, 12, INPUTS), rng.integers(0, 9, HIDDEN)
    recurrent[0] = 1000  # longer than the trial
    p, grid = some_layer(DT * inputs, DT * recurrent), np.asarray(to_grid(events, INPUTS, STEPS, DT))
    expected = numpy_loop(p, grid, inputs, recurrent)
    assert expected.sum() > 50
    np.testing.assert_array_equal(on_grid(p, events), expected)


def test_zero_is_no_delay_and_equal_ones_are_that_of_the_layer():
    events = some_events()
    zero = some_layer(np.zeros(INPUTS), np.zeros(HIDDEN))
    none = zero._replace(delays=None)
    np.testing.assert_array_equal(on_grid(zero, events), on_grid(none, events))
    alike = some_layer(np.zeros(INPUTS), np.full(HIDDEN, 3e-3))
    np.testing.assert_array_equal(on_grid(alike, events), on_grid(none, events, delay=5e-3))


def test_delays_of_channels_alone_leave_the_recurrence_as_it_is(monkeypatch):
    """With a number of steps that is no whole number of delays; all in blocks as long as the delay."""
    rng, events = np.random.default_rng(6), some_events()
    zero = some_layer(rng.uniform(0, 12 * DT, INPUTS), np.zeros(HIDDEN))
    weights = jnp.asarray(rng.normal(size=(BATCH, STEPS, HIDDEN)))

    def score(p):
        spikes = on_grid(p, events)
        return jnp.sum(weights * spikes), spikes

    (_, expected), gradient = jax.value_and_grad(score, has_aux=True)(zero)
    monkeypatch.setattr(delayed, "_run", lambda *_: pytest.fail("looks up each neuron's past"))
    alone = zero._replace(delays=zero.delays._replace(recurrent=None))
    (_, spikes), found = jax.value_and_grad(score, has_aux=True)(alone)
    assert STEPS % 2 and expected.sum() > 50
    np.testing.assert_array_equal(spikes, expected)
    assert_close(found, gradient._replace(delays=gradient.delays._replace(recurrent=None)))


def test_interpolation_between_two_steps():
    spikes = jnp.zeros((6, 1, 2)).at[1].set(1.0)
    found = shifted(spikes, jnp.array([1.25, 3.0]))
    np.testing.assert_allclose(found[:, 0].T, [[0, 0, 0.75, 0.25, 0, 0], [0, 0, 0, 0, 1, 0]], atol=1e-12)


def test_gradients_equal_automatic_differentiation():
    rng, events = np.random.default_rng(3), some_events()
    p = some_layer(rng.uniform(0, 12 * DT, INPUTS), rng.uniform(0, 9 * DT, HIDDEN))
    weights = rng.normal(size=(BATCH, STEPS, HIDDEN))
    grid = to_grid(events, INPUTS, STEPS, DT)
    value, found = jax.value_and_grad(lambda p: jnp.sum(weights * on_grid(p, events)))(p)
    expected_value, expected = jax.value_and_grad(lambda p: jnp.sum(weights * plain_scan(p, grid, DT)))(p)
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    assert_close(found, expected)
    assert all(np.abs(x).max() > 0 for x in found.delays)


class Counts:
    def init(self, batch, neurons, dtype):
        return jnp.zeros((batch, neurons), dtype)

    def step(self, state, spikes, time, lag):
        return state + spikes


def test_layers_follow_each_other():
    """A delay of the input of the second layer is one of the neurons of the first."""
    rng, events = np.random.default_rng(4), some_events()
    first = some_layer(np.zeros(INPUTS), np.zeros(HIDDEN))._replace(delays=None)
    second = lif_params(rng.normal(1.5, 0.5, (HIDDEN, 2)), delays=Delays(rng.uniform(0, 5e-3, HIDDEN)))
    _, counts = simulate([first, second], events, Counts(), **TIMES, surrogate=SURROGATE)
    spikes = jnp.moveaxis(on_grid(first, events), 1, 0)
    arriving = shifted(spikes, second.delays.inputs / DT) @ second.w_in
    start, step = scan_step(second, BATCH, dt=DT, delay=0, surrogate=SURROGATE, reset_gradient=True)
    expected = jax.lax.scan(step, start, arriving)[1].sum(0)
    np.testing.assert_array_equal(counts[0], spikes.sum(0))
    np.testing.assert_array_equal(counts[1], expected)
    assert expected.sum() > 10


def test_the_grid_approaches_continuous_time():
    rng, events = np.random.default_rng(5), some_events()
    p = some_layer(rng.uniform(0, 12e-3, INPUTS), rng.uniform(0, 9e-3, HIDDEN))
    p = p._replace(w_in=0.5 * p.w_in, w_rec=0.3 * p.w_rec)
    exact = eventprop.lif_layer(p, events, duration=0.06, delay=2e-3, capacity=100, engine="numba")
    assert exact.count.min() > 3
    apart = {}
    for dt in (0.2e-3, 0.05e-3):
        spikes, off = np.asarray(on_grid(p, events, dt=dt)), []
        for b in range(BATCH):
            for n in range(HIDDEN):
                own = np.asarray(exact.times[b])[np.asarray(exact.units[b]) == n]
                found = dt * np.flatnonzero(spikes[b, :, n])
                assert len(own) == len(found)
                off += list(found - own)
        apart[dt] = np.abs(off).max()
    assert apart[0.05e-3] < 0.5 * apart[0.2e-3] < 1e-3


def test_what_a_grid_cannot_do_is_refused():
    events, zeros = some_events(), np.zeros
    p = some_layer(zeros((INPUTS, HIDDEN)), zeros(HIDDEN))
    with pytest.raises(ValueError, match="a time grid has no delays of each input synapse, for every input spike"):
        on_grid(p, events)
    p = some_layer(zeros(INPUTS), zeros((HIDDEN, HIDDEN)))
    with pytest.raises(ValueError, match="a time grid has no delays of each recurrent synapse, for each step would"):
        on_grid(p, events)
    p = some_layer(zeros(INPUTS), zeros(HIDDEN))
    with pytest.raises(ValueError, match="checkpoint is set, but layers with delays keep all steps"):
        on_grid(p, events, checkpoint=True)
    dead = NEURONS["dead-time"].make_params(p.w_in, p.w_rec, delays=p.delays)
    with pytest.raises(ValueError, match="a time grid has delays of each neuron for LIF neurons only, got DeadTime"):
        on_grid(dead, events)
