"""Escape noise: probabilities and their derivatives, levels, and layers whose spikes are drawn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close

from solvers.bptt import lif_layer, simulate, time_grid
from solvers.escape import ESCAPES, Escape
from solvers.events import pad_events
from solvers.neurons import NEURONS
from solvers.neurons.lif import kappa, lif_params
from solvers.surrogates import Surrogate, spike

DT, DURATION = 1e-3, 0.05
SETTINGS = dict(duration=DURATION, dt=DT, delay=2 * DT)

pytestmark = pytest.mark.usefixtures("float64")


class Sum:
    """Counts the spikes of the last layer, weighted with their times."""

    def init(self, batch, neurons, dtype):
        return jnp.zeros((batch, neurons), dtype)

    def step(self, state, spikes, time, lag):
        return state + (1 + time / DT) * spikes


def problem(recurrent=True):
    rng = np.random.default_rng(0)
    w_rec = jnp.asarray(rng.normal(0, 1, (4, 4))) if recurrent else None
    layer = lif_params(jnp.asarray(rng.normal(2, 1, (6, 4))), w_rec, tau_mem=15e-3)
    events = pad_events([(np.sort(rng.uniform(0, DURATION, 40)), rng.integers(0, 6, 40)) for _ in range(3)])
    return layer, events


@pytest.mark.parametrize("slope", [1.0, 10.0])
@pytest.mark.parametrize("name", ESCAPES)
def test_the_derivative_is_that_of_the_probability(name, slope):
    escape, x = Escape(name, slope), jnp.linspace(-2, 0.1, 43)
    slopes = jax.vmap(jax.grad(escape.probability))(x)
    np.testing.assert_allclose(escape.derivative(x), slopes, rtol=1e-10)
    assert escape.probability(jnp.asarray(-50.0)) < 1e-20 and escape.probability(jnp.asarray(50.0)) == 1
    assert np.all(np.isfinite(escape.derivative(jnp.asarray([-1e30, 1e30]))))


@pytest.mark.parametrize("name", ESCAPES)
def test_levels_are_drawn_with_that_probability(name):
    escape, trials = Escape(name, 3.0), 200_000
    levels = escape.levels(jax.random.key(0), (trials,), jnp.float64)
    for x in (-1.0, -0.2, 0.0, 0.4):
        p = float(escape.probability(jnp.asarray(x)))
        assert np.mean(x >= levels) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / trials))


@pytest.mark.parametrize("name", ESCAPES)
def test_of_one_neuron_the_gradient_is_that_of_the_expected_output(name):
    """Before its first spike a neuron's voltage is not random; the mean of many trials confirms the probability."""
    escape, trials = Escape(name, 5.0), 20_000
    events = pad_events([(np.zeros(1), np.zeros(1, int))])
    events = jax.tree.map(lambda x: jnp.repeat(x, trials, 0), events)

    def counted(w):
        settings = dict(duration=DT, dt=DT, delay=DT, surrogate=escape, key=jax.random.key(1))
        return simulate([lif_params(jnp.full((1, 1), w), reset=-9.0)], events, Sum(), **settings)[0].mean()

    def expected(w):
        first = escape.probability(jnp.asarray(-1.0))
        # A spike at time 0 leaves the voltage far below the threshold.
        later = escape.probability(w * kappa(DT, 20e-3, 5e-3) - 1)
        return first + 2 * (1 - first) * later

    w = 0.8 / float(kappa(DT, 20e-3, 5e-3))
    assert counted(w) == pytest.approx(float(expected(w)), rel=0.03)
    assert jax.grad(counted)(w) == pytest.approx(float(jax.grad(expected)(w)), rel=0.03)


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("recurrent", [False, True])
def test_gradient_equals_that_of_a_plain_scan_with_the_same_levels(recurrent, checkpoint):
    (layer, events), escape, key = problem(recurrent), Escape("exponential", 4.0), jax.random.key(2)
    grid = time_grid(**SETTINGS)
    firsts = range(0, grid.steps, grid.segment)
    fold = jax.random.fold_in
    drawn = [[fold(fold(fold(key, sample), first), 0) for sample in range(3)] for first in firsts]
    levels = [[escape.levels(own, (grid.segment, 4), jnp.float64) for own in row] for row in drawn]
    levels = jnp.concatenate([jnp.stack(row, 1) for row in levels])[: grid.steps]
    counts = np.zeros((grid.steps, 3, 6))
    for sample, (times, units) in enumerate(zip(events.times, events.units, strict=True)):
        np.add.at(counts, (np.rint(np.asarray(times) / DT).astype(int), sample, np.asarray(units)), 1)

    def plain(p):
        def step(state, inputs):
            (v, i, sent), (x, level) = state, inputs
            v = jnp.exp(-DT / p.tau_mem) * v + kappa(DT, p.tau_mem, p.tau_syn) * i
            fired = spike((v - p.threshold) / p.threshold, escape, level)
            sent = jnp.concatenate([sent, fired[None]])
            i = jnp.exp(-DT / p.tau_syn) * i + x @ p.w_in + (sent[0] @ p.w_rec if recurrent else 0)
            return (v - (p.threshold - p.reset) * fired, i, sent[1:]), fired

        rest = jnp.zeros((3, 4))
        fired = jax.lax.scan(step, (rest, rest, jnp.zeros((2, 3, 4))), (counts, levels))[1]
        return jnp.sum(fired * (1 + jnp.arange(grid.steps))[:, None, None]) ** 2

    def ours(p):
        return simulate([p], events, Sum(), **SETTINGS, surrogate=escape, key=key, checkpoint=checkpoint)[0].sum() ** 2

    found, expected = (jax.jit(jax.value_and_grad(f))(layer) for f in (ours, plain))
    assert found[0] > 0
    assert_close(found, expected)


@pytest.mark.parametrize("neuron", ["lif", "adaptive", "dead-time"])
def test_spikes_follow_the_key(neuron):
    layer, events = problem()
    params = NEURONS[neuron].make_params(layer.w_in, layer.w_rec)

    def spikes(key, slope=10.0, first=0):
        own = jax.tree.map(lambda x: x[first:], events)
        return simulate([params], own, Sum(), **SETTINGS, surrogate=Escape(slope=slope), key=key, first_sample=first)[0]

    one, again, other = (spikes(jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.any(one != other)
    np.testing.assert_array_equal(spikes(jax.random.key(0), first=2), one[2:])
    still = simulate([params], events, Sum(), **SETTINGS, surrogate=Surrogate())[0]
    np.testing.assert_array_equal(spikes(jax.random.key(0), 1e9), still)


def test_a_key_and_noise_come_together():
    layer, events = problem()
    for given in (dict(surrogate=Escape()), dict(surrogate=Surrogate(), key=jax.random.key(0))):
        with pytest.raises(ValueError, match="with an Escape for the surrogate and a key: give both, or none"):
            simulate([layer], events, Sum(), **SETTINGS, **given)
    with pytest.raises(ValueError, match="with an Escape for the surrogate and a key"):
        lif_layer(layer, events, **SETTINGS, surrogate=Escape())


def test_impossible_noise():
    with pytest.raises(ValueError, match="name is 'normal', expected one of sigmoid, exponential"):
        Escape("normal")
    with pytest.raises(ValueError, match="slope is 0, expected a finite number > 0"):
        Escape(slope=0.0)
