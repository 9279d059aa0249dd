"""Closed forms of the readouts against quadrature and fine grids of the simulated readout voltage."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.networks.readouts import READOUTS, FirstSpike, ReadoutParams
from solvers.bptt import time_grid
from solvers.events import NO_UNIT, Events, pad_events, to_grid
from solvers.neurons.lif import kappa

UNITS, OUTPUTS, BATCH, DURATION = 4, 3, 2, 50e-3
TAUS = [(20e-3, 5e-3), (5e-3, 12e-3), (8e-3, 8e-3)]

pytestmark = pytest.mark.usefixtures("float64")


def some_spikes(seed=0, grid=0.0, count=15):
    """Random spikes, with some room left over."""
    rng = np.random.default_rng(seed)
    times = rng.uniform(0, DURATION, (BATCH, count))
    times = np.floor(times / grid) * grid if grid else times
    return pad_events(list(zip(times, rng.integers(0, UNITS, (BATCH, count)), strict=True)), capacity=count + 4)


def some_params(taus, seed=1):
    w = np.random.default_rng(seed).normal(size=(UNITS, OUTPUTS))
    return ReadoutParams(jnp.asarray(w), *map(jnp.asarray, taus))


def voltages(params, spikes, times):
    """Readout voltage ``[batch, times, outputs]``, spike by spike."""
    v = np.zeros((BATCH, len(times), OUTPUTS))
    for b in range(BATCH):
        for t, u in zip(np.asarray(spikes.times[b]), np.asarray(spikes.units[b]), strict=True):
            if u >= 0:
                psp = np.where(times > t, kappa(np.maximum(times - t, 0), params.tau_mem, params.tau_syn), 0)
                v[b] += psp[:, None] * np.asarray(params.w[u])
    return v


def logits(loss, params, spikes):
    return READOUTS[loss].from_events(params, spikes, UNITS, DURATION)


@pytest.mark.parametrize("taus", TAUS)
@pytest.mark.parametrize(("loss", "decays"), [("mean", 0.0), ("exp", 1.0)])
def test_weighted_means_equal_quadrature(taus, loss, decays):
    params, spikes = some_params(taus), some_spikes()
    # Gauss-Legendre between spikes, where the voltage is smooth.
    nodes, weights = np.polynomial.legendre.leggauss(20)
    expected = np.zeros((BATCH, OUTPUTS))
    edges = np.concatenate([[0], np.sort(np.asarray(spikes.times)[np.isfinite(spikes.times)]), [DURATION]])
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        t = start + (end - start) * (nodes + 1) / 2
        v = voltages(params, spikes, t)
        expected += (end - start) / 2 * np.einsum("t,bto->bo", weights * np.exp(-decays * t / DURATION), v)
    np.testing.assert_allclose(logits(loss, params, spikes), expected / DURATION, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("taus", TAUS)
def test_maximum_equals_a_fine_grid(taus):
    for seed in range(3):
        params, spikes = some_params(taus, seed), some_spikes(seed)
        value = np.asarray(logits("max", params, spikes))
        times = np.linspace(0, DURATION, 20_001)
        at_spikes = voltages(params, spikes, np.asarray(spikes.times).ravel()[np.isfinite(spikes.times).ravel()])
        grid = np.maximum(voltages(params, spikes, times).max(1), at_spikes.max(1))
        assert (value >= grid - 1e-14).all()
        np.testing.assert_allclose(value, grid, rtol=0, atol=1e-6)  # the grid may miss a smooth maximum by so much


def test_maximum_at_an_inhibitory_spike_moves_with_it():
    # The first spike drives the voltage up; the second makes it fall long before it would have done so by itself.
    params = ReadoutParams(jnp.array([[1.0], [-9.0]]), jnp.array(20e-3), jnp.array(5e-3))

    def largest(times, params=params):
        spikes = Events(times[None], jnp.array([[0, 1, NO_UNIT]]), jnp.array([2]))
        return READOUTS["max"].from_events(params, spikes, 2, DURATION)[0, 0]

    times = jnp.array([2e-3, 5e-3, jnp.inf])
    lag, psp = 3e-3, lambda u: float(kappa(u, 20e-3, 5e-3))
    slope = (np.exp(-lag / 5e-3) - psp(lag)) / 20e-3  # of the voltage before the second spike
    assert slope > 0
    assert largest(times) == pytest.approx(psp(lag), rel=1e-14)
    np.testing.assert_allclose(jax.grad(largest)(times), [-slope, slope, 0], rtol=1e-12)
    np.testing.assert_allclose(jax.grad(largest, 1)(times, params).w[:, 0], [psp(lag), 0], rtol=1e-12, atol=1e-16)


def test_maximum_where_the_voltage_is_stationary():
    params = ReadoutParams(jnp.array([[2.0]]), jnp.array(20e-3), jnp.array(5e-3))

    def largest(time):
        spikes = Events(time[None, None], jnp.zeros((1, 1), int), jnp.array([1]))
        return READOUTS["max"].from_events(params, spikes, 1, DURATION)[0, 0]

    assert largest(jnp.array(2e-3)) == pytest.approx(2 * 0.25 ** (1 / 3) * 0.25, rel=1e-12)
    np.testing.assert_allclose(jax.grad(largest)(jnp.array(2e-3)), 0, atol=1e-10)
    # Cut off by the end of the trial: the voltage there falls if the spike comes later.
    late = DURATION - 3e-3
    slope = 2 * (np.exp(-3e-3 / 5e-3) - float(kappa(3e-3, 20e-3, 5e-3))) / 20e-3
    np.testing.assert_allclose(jax.grad(largest)(jnp.array(late)), -slope, rtol=1e-9)


def test_maximum_of_a_voltage_that_is_never_positive_is_its_start():
    params = some_params(TAUS[0])
    inhibited = params._replace(w=-jnp.abs(params.w))
    spikes = some_spikes()
    np.testing.assert_array_equal(logits("max", inhibited, spikes), 0)
    gradient = jax.grad(lambda p: logits("max", p, spikes).sum())(inhibited)
    assert all((np.asarray(x) == 0).all() for x in gradient)


def test_first_spikes():
    spikes = pad_events([([9e-3, 4e-3, 6e-3], [1, 0, 1]), ([], [])], capacity=5)
    readout = FirstSpike(scale=2e-3)
    expected = -np.array([[4e-3, 6e-3, DURATION], [DURATION] * 3]) / 2e-3
    np.testing.assert_allclose(readout.from_events(None, spikes, 3, DURATION), expected, rtol=1e-14)

    def second(times):
        return readout.from_events(None, spikes._replace(times=times), 3, DURATION)[0, 1]

    np.testing.assert_allclose(jax.grad(second)(spikes.times)[0], [0, -1 / 2e-3, 0, 0, 0])
    assert not np.any(jax.grad(second)(spikes.times)[1])


@pytest.mark.parametrize("loss", READOUTS)
def test_padding_and_silence(loss):
    params = None if READOUTS[loss].spiking else some_params(TAUS[0])
    spikes = some_spikes()
    wider = Events(
        jnp.pad(spikes.times, ((0, 0), (0, 3)), constant_values=jnp.inf),
        jnp.pad(spikes.units, ((0, 0), (0, 3)), constant_values=NO_UNIT),
        spikes.count,
    )
    np.testing.assert_allclose(logits(loss, params, wider), logits(loss, params, spikes), rtol=1e-14)
    silent = pad_events([(np.zeros(0), np.zeros(0, int))] * BATCH, capacity=3)
    expected = -DURATION / READOUTS[loss].scale if READOUTS[loss].spiking else 0
    np.testing.assert_array_equal(
        logits(loss, params, silent), np.full((BATCH, UNITS if params is None else OUTPUTS), expected)
    )


def on_grid(loss, params, spikes, dt):
    """Logits from the observer, fed with the spikes step by step."""
    readout = READOUTS[loss]
    observer = readout.observer(params, DURATION)
    clock = time_grid(DURATION, dt, 0.0)
    grid = to_grid(spikes, UNITS, clock.steps, dt)
    state = observer.init(BATCH, UNITS, jnp.float64)

    def step(state, inputs):
        return observer.step(state, *inputs), None

    moments = clock.clock(jnp.arange(clock.steps), jnp.float64)
    state, _ = jax.lax.scan(step, state, (jnp.moveaxis(grid, 1, 0), *moments))
    return readout.from_state(params, state, DURATION)


@pytest.mark.parametrize("taus", TAUS)
@pytest.mark.parametrize("loss", ["mean", "exp"])
def test_observers_of_means_are_exact_for_spikes_on_the_grid(taus, loss):
    params, spikes = some_params(taus), some_spikes(grid=1e-3)
    np.testing.assert_allclose(on_grid(loss, params, spikes, 1e-3), logits(loss, params, spikes), rtol=1e-12)


@pytest.mark.parametrize("taus", TAUS)
def test_observer_of_the_maximum_misses_little_and_less_with_the_step(taus):
    params, spikes = some_params(taus), some_spikes(grid=1e-3)
    exact = np.asarray(logits("max", params, spikes))
    tau_mem, tau_syn = taus
    for dt in (1e-3, 0.25e-3):
        missed = exact - np.asarray(on_grid("max", params, spikes, dt))
        assert (missed >= -1e-14).all() and missed.max() > 0
        # Spikes lie on grid points: only a smooth maximum is missed, by half a step at most. The current there equals
        # the voltage, so the second derivative is -v / (tau_mem tau_syn).
        assert (missed <= exact * dt**2 / (8 * tau_mem * tau_syn) * (1 + dt / min(taus))).all()


def test_observer_of_first_spikes_is_exact_for_spikes_on_the_grid():
    spikes = some_spikes(grid=1e-3, count=6)
    firsts = np.asarray(logits("ttfs", None, spikes))
    assert (firsts > -DURATION / READOUTS["ttfs"].scale).any() and (firsts == -DURATION / READOUTS["ttfs"].scale).any()
    once = np.asarray(to_grid(spikes, UNITS, 51, 1e-3)) <= 1
    assert once.all()  # a neuron does not spike twice at once
    np.testing.assert_allclose(on_grid("ttfs", None, spikes, 1e-3), firsts, rtol=1e-12)
