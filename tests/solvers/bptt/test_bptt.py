"""BPTT against a loop in NumPy, against automatic differentiation of a plain scan, and against hand algebra."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close, draw_layer

from solvers.bptt import lif_layer, simulate, time_grid
from solvers.events import pad_events, to_grid
from solvers.neurons.lif import kappa, lif_params
from solvers.reference import bptt_scan
from solvers.surrogates import Surrogate

DT = 1e-3
TIMES = dict(duration=0.05, dt=DT, delay=2e-3)
SURROGATE = Surrogate("superspike", slope=5.0, scale=0.8)
BATCH, INPUTS, HIDDEN, OUTPUTS = 3, 6, 5, 4

pytestmark = pytest.mark.usefixtures("float64")


class WeightedSum:
    """Weighs every spike with a weight per neuron and with the time, and counts the steps."""

    def __init__(self, weights):
        self.weights = weights

    def init(self, batch, neurons, dtype):
        return jnp.zeros((batch, neurons), dtype), jnp.zeros((), dtype), jnp.zeros((), jnp.int32)

    def step(self, state, spikes, time, lag):
        return state[0] + self.weights * spikes * (1 + time / DT), time, state[2] + 1


def some_events(rate=900.0, duration=0.06, seed=0):
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(BATCH):
        n = rng.poisson(rate * duration)
        samples.append((np.sort(rng.uniform(0, duration, n)), rng.integers(0, INPUTS, n)))
    return pad_events(samples, capacity=max(len(times) for times, _ in samples) + 7)


def some_layers(recurrent=(True, True), seed=1):
    rng = np.random.default_rng(seed)
    sizes = INPUTS, HIDDEN, OUTPUTS
    return [
        draw_layer(rng, pre, post, (1.0, 1.5), (0, 2.0) if recurs else None, (0.7, 1.3), (-0.3, 0.1))
        for pre, post, recurs in zip(sizes[:-1], sizes[1:], recurrent, strict=True)
    ]


def numpy_loop(layers, grid, delay):
    """Spikes of each layer ``[steps, batch, neurons]``, one step after the other."""
    arriving, result = list(np.moveaxis(np.asarray(grid), 1, 0)), []
    for p in jax.tree.map(np.asarray, layers):
        a, b, k = np.exp(-DT / p.tau_mem), np.exp(-DT / p.tau_syn), np.asarray(kappa(DT, p.tau_mem, p.tau_syn))
        v = i = np.zeros((len(grid), p.neurons))
        fired = []
        for n, x in enumerate(arriving):
            v = a * v + k * i
            fired.append((v >= p.threshold) * 1.0)
            v = np.where(v >= p.threshold, v - (p.threshold - p.reset), v)
            i = b * i + x @ p.w_in
            if p.w_rec is not None and n >= delay:
                i = i + fired[n - delay] @ p.w_rec
        result.append(np.stack(fired))
        arriving = fired
    return result


def weighted(spikes, weights):
    """What ``WeightedSum`` holds at the end."""
    steps = jnp.arange(len(spikes))[:, None, None]
    return jnp.sum(weights * spikes * (1 + steps), 0)


@pytest.mark.parametrize("delay", [0, 1, 3])
@pytest.mark.parametrize("recurrent", [(True, True), (False, True), (True, False)])
def test_forward_equals_a_numpy_loop(delay, recurrent):
    layers, events = some_layers(recurrent), some_events()
    grid = np.asarray(to_grid(events, INPUTS, 51, DT))
    expected = numpy_loop(layers, grid, delay)
    assert all(0.02 < spikes.mean() < 0.8 for spikes in expected)
    settings = dict(duration=0.05, dt=DT, delay=delay * DT, surrogate=SURROGATE)

    np.testing.assert_array_equal(lif_layer(layers[0], events, **settings), expected[0].swapaxes(0, 1))
    (seen, last, steps), counts = simulate(layers, events, WeightedSum(jnp.arange(1.0, 5)), **settings)
    np.testing.assert_allclose(seen, weighted(expected[1], np.arange(1.0, 5)), rtol=1e-12)
    assert steps == 51 and last == pytest.approx(0.05)
    for count, spikes in zip(counts, expected, strict=True):
        np.testing.assert_allclose(count, spikes.sum(0), rtol=1e-12)


@pytest.mark.parametrize(
    ("recurrent", "delay", "reset_gradient", "checkpoint"),
    [
        ((True, True), 0, True, False),
        ((True, True), 1, False, True),
        ((True, True), 3, True, True),
        ((False, True), 0, False, False),
        ((False, True), 3, False, False),
        ((True, False), 1, True, False),
    ],
)
def test_gradient_equals_autodiff_of_a_plain_scan(recurrent, delay, reset_gradient, checkpoint):
    layers, events = some_layers(recurrent), some_events()
    grid = jnp.moveaxis(to_grid(events, INPUTS, 51, DT), 1, 0)
    weights = jnp.asarray(np.random.default_rng(2).normal(size=OUTPUTS))

    def ours(layers, weights):
        (seen, *_), counts = simulate(
            layers,
            events,
            WeightedSum(weights),
            duration=0.05,
            dt=DT,
            delay=delay * DT,
            surrogate=SURROGATE,
            reset_gradient=reset_gradient,
            checkpoint=checkpoint,
        )
        return jnp.sum(seen**2) + sum(jnp.sum(n**3) for n in counts)

    def plain(layers, weights):
        fired = bptt_scan(layers, grid, dt=DT, delay=delay, surrogate=SURROGATE, reset_gradient=reset_gradient)
        return jnp.sum(weighted(fired[-1], weights) ** 2) + sum(jnp.sum(s.sum(0) ** 3) for s in fired)

    assert_close(
        jax.jit(jax.value_and_grad(ours, (0, 1)))(layers, weights),
        jax.jit(jax.value_and_grad(plain, (0, 1)))(layers, weights),
        rtol=1e-9,
    )


@pytest.mark.parametrize("reset_gradient", [False, True])
def test_three_steps_by_hand(reset_gradient):
    a, b, k = np.exp(-DT / 20e-3), np.exp(-DT / 5e-3), float(kappa(DT, 20e-3, 5e-3))
    w, r = 1.02 / k, 8.0
    h = lambda v: 0.8 / (1 + 5 * abs(v - 1)) ** 2  # noqa: E731

    # Steps 1 and 3 fire, step 2 does not; the spike at step 1 acts through r on the voltage of step 3.
    v1, i1 = k * w, b * w
    v2, i2 = a * (v1 - 1) + k * i1, b * i1 + r
    v3 = a * v2 + k * i2
    assert min(v1, v3) >= 1 > v2
    through_reset = 1.0 if reset_gradient else 0.0
    dv1 = k
    ds1 = h(v1) * dv1
    dv2 = a * (dv1 - through_reset * ds1) + k * b
    ds2 = h(v2) * dv2
    dv3 = a * (dv2 - through_reset * ds2) + k * (b * b + r * ds1)
    by_w = 2 * ds1 + 3 * ds2 + 4 * h(v3) * dv3
    by_r = 4 * h(v3) * k

    def loss(w, r):
        params = lif_params(jnp.full((1, 1), w), jnp.full((1, 1), r))
        (seen, *_), _ = simulate(
            [params],
            pad_events([(np.zeros(1), np.zeros(1, int))]),
            WeightedSum(jnp.ones(1)),
            duration=3 * DT,
            dt=DT,
            delay=DT,
            surrogate=SURROGATE,
            reset_gradient=reset_gradient,
        )
        return seen[0, 0]

    assert loss(w, r) == 2 + 4
    np.testing.assert_allclose(jax.grad(loss, (0, 1))(w, r), (by_w, by_r), rtol=1e-12)


def test_checkpoint_changes_memory_only():
    layers, events, weights = some_layers(), some_events(), jnp.arange(1.0, 5)
    times = dict(duration=0.4, dt=DT, delay=DT, surrogate=SURROGATE)

    def loss(layers, checkpoint):
        (seen, *_), counts = simulate(layers, events, WeightedSum(weights), **times, checkpoint=checkpoint)
        return jnp.sum(seen) + jnp.sum(counts[0] ** 2)

    def kept(checkpoint):
        _, pull_back = jax.vjp(partial(loss, checkpoint=checkpoint), layers)
        sizes = [x.size for x in jax.tree.leaves(pull_back) if x.ndim > 2]
        return sum(sizes)

    gradients = [jax.jit(jax.grad(partial(loss, checkpoint=flag)))(layers) for flag in (False, True)]
    assert_close(*gradients, rtol=1e-12)
    neurons, grid = HIDDEN + OUTPUTS, time_grid(0.4, DT, DT)
    segments = -(-grid.steps // grid.segment)
    between = segments * BATCH * 3 * neurons  # voltage, current and the spikes of one delay
    seen = segments * BATCH * (neurons + OUTPUTS)  # counts and the observer's state
    voltages = segments * grid.segment * BATCH * neurons
    assert kept(True) <= between + seen
    assert voltages <= kept(False) <= voltages + between + seen


def test_model_does_not_depend_on_the_unit_of_voltage():
    params, events = some_layers()[0], some_events()
    unit = 1e-3
    scaled = params._replace(**{name: unit * getattr(params, name) for name in ("w_in", "w_rec", "threshold", "reset")})

    def loss(params):
        return jnp.sum(lif_layer(params, events, surrogate=SURROGATE, **TIMES) ** 2)

    assert loss(params) == loss(scaled)
    gradient, of_scaled = jax.grad(loss)(params), jax.grad(loss)(scaled)
    for name in ("w_in", "w_rec", "threshold", "reset"):
        np.testing.assert_allclose(unit * getattr(of_scaled, name), getattr(gradient, name), rtol=1e-9, atol=1e-12)


def test_shared_constants_collect_the_gradient_of_all_neurons():
    events = some_events()
    names = "tau_mem", "tau_syn", "threshold", "reset"
    each = some_layers()[0]
    shared = each._replace(**{name: getattr(each, name).mean() for name in names})
    each = shared._replace(**{name: jnp.full(HIDDEN, getattr(shared, name)) for name in names})

    def loss(params):
        return jnp.sum(lif_layer(params, events, surrogate=SURROGATE, **TIMES) * jnp.arange(1.0, HIDDEN + 1))

    of_shared, of_each = jax.grad(loss)(shared), jax.grad(loss)(each)
    for name in names:
        np.testing.assert_allclose(getattr(of_shared, name), getattr(of_each, name).sum(), rtol=1e-10)


def test_a_burst_larger_than_a_chunk_and_events_beyond_the_end():
    burst = np.full(300, 0.0102), np.arange(300) % INPUTS
    late = np.full(40, 0.0507), np.zeros(40, int)
    events = pad_events(
        [tuple(np.concatenate(pair) for pair in zip(burst, late, strict=True)), (burst[0][:1], np.array([2]))]
    )
    params = some_layers()[0]
    expected = numpy_loop([params], to_grid(events, INPUTS, 51, DT), 2)
    spikes = lif_layer(params, events, surrogate=SURROGATE, **TIMES)
    np.testing.assert_array_equal(spikes, expected[0].swapaxes(0, 1))
    silent = pad_events([(np.zeros(0), np.zeros(0, int))] * 2)
    assert not lif_layer(params, silent, surrogate=SURROGATE, **TIMES).any()


def test_single_precision_stays_single():
    params = lif_params(np.full((INPUTS, 2), 3.0, np.float32), np.ones((2, 2)))
    with jax.enable_x64(False):
        params, events = jax.tree.map(lambda x: jnp.asarray(x, x.dtype), (params, some_events()))
        spikes, pull_back = jax.vjp(lambda p: lif_layer(p, events, surrogate=SURROGATE, **TIMES), params)
        assert spikes.dtype == jnp.float32
        assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(pull_back(spikes)))


def test_deterministic_and_traced_once():
    traces = []

    @jax.jit
    def gradient(params, events):
        traces.append(params)
        return jax.grad(lambda p: jnp.sum(lif_layer(p, events, surrogate=SURROGATE, **TIMES)))(params)

    params, events = some_layers()[0], some_events()
    first = gradient(params, events)
    gradient(jax.tree.map(lambda x: 0.9 * x, params), events._replace(times=events.times * 0.9))
    for x, y in zip(jax.tree.leaves(first), jax.tree.leaves(gradient(params, events)), strict=True):
        np.testing.assert_array_equal(x, y)
    assert len(traces) == 1


def test_layers_and_events_that_do_not_fit():
    layers, events = some_layers(), some_events()
    run = partial(simulate, observer=WeightedSum(1.0), surrogate=SURROGATE, **TIMES)
    with pytest.raises(ValueError, match="no layers"):
        run([], events)
    with pytest.raises(ValueError, match="4 neurons feeds one of 6 inputs"):
        run(layers[::-1], events)
    with pytest.raises(ValueError, match=r"shape \(\d+,\), expected \[batch, capacity\]"):
        run(layers, jax.tree.map(lambda x: x[0], events))
