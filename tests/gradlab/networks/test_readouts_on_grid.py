"""Observers in single precision against plain scans in double precision, over many durations and steps."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradlab import BPTTTrainer, Network, TrainConfig
from gradlab.networks.readouts import READOUTS, ReadoutParams
from solvers.bptt import time_grid
from solvers.events import pad_events

UNITS, OUTPUTS, TAU_MEM, TAU_SYN = 6, 3, 20e-3, 5e-3
SILENT, AT_START, AT_END = 0, 1, 2  # units
# Whole numbers of steps, of which the sum in single precision is below, at or above the duration; and others.
WHOLE = [(1.0, 1e-3), (0.05, 50e-3), (1.4, 1e-3), (0.06, 0.1e-3), (4.0, 5e-3)]
CUT_SHORT = [(0.1, 0.3e-3), (1.0001, 1e-3), (5e-3, 20e-3)]


def some_spikes(steps, seed=0):
    spikes = np.random.default_rng(seed).random((steps, UNITS)) < 4 / steps
    spikes[:, [SILENT, AT_START, AT_END]] = False
    spikes[0, AT_START] = spikes[-1, AT_END] = True
    return spikes.astype(np.float32)


def kappa(u):
    return TAU_SYN / (TAU_MEM - TAU_SYN) * (np.exp(-u / TAU_MEM) - np.exp(-u / TAU_SYN))


def reference_mean(decays, times, spikes, w, duration):
    """Each spike's effect in closed form: the voltage is a difference of two exponentials."""
    g = decays / duration
    part = lambda tau: -np.expm1(-(duration - times) * (1 / tau + g)) / (1 / tau + g)  # noqa: E731
    effect = TAU_SYN / (TAU_MEM - TAU_SYN) * np.exp(-g * times) * (part(TAU_MEM) - part(TAU_SYN)) / duration
    return effect @ spikes @ w, effect[:, None, None] * w


def reference_maximum(times, spikes, w, duration):
    """The largest voltage at a grid point, and where it is."""
    v = np.array([kappa(t - times[times < t]) @ spikes[times < t] @ w for t in times])
    largest = v.argmax(0)
    lag = times[largest] - times[:, None]
    return v.max(0), np.where(lag > 0, kappa(np.maximum(lag, 0)), 0)[:, None] * w


def reference_first_spike(times, spikes, duration):
    """First spike times, and what a surrogate spike anywhere changes: all that would have come after it."""
    expected, slopes = np.full(UNITS, duration), np.zeros((len(times), UNITS, UNITS))
    after = []
    for time, spike in zip(times[::-1], spikes[::-1], strict=True):
        after.append(time - expected)
        expected = spike * time + (1 - spike) * expected
    unspent = np.cumprod(np.concatenate([np.ones((1, UNITS)), 1 - spikes[:-1]]), 0)
    slopes[:, np.arange(UNITS), np.arange(UNITS)] = unspent * np.array(after[::-1])
    scale = -1 / READOUTS["ttfs"].scale
    return scale * expected, scale * slopes


def reference(loss, times, spikes, w, duration):
    """Logits, and their derivatives with respect to the spikes ``[points, units, outputs]``."""
    if loss == "ttfs":
        return reference_first_spike(times, spikes, duration)
    if loss == "max":
        return reference_maximum(times, spikes, w, duration)
    return reference_mean({"mean": 0, "exp": 1}[loss], times, spikes, w, duration)


def observed(loss, spikes, w, grid):
    """The same by an observer."""
    params = None if READOUTS[loss].spiking else ReadoutParams(*map(jnp.float32, (w, TAU_MEM, TAU_SYN)))
    observer = READOUTS[loss].observer(params, grid.duration)

    def logits(spikes):
        moments = grid.clock(jnp.arange(grid.steps), spikes.dtype)
        start = observer.init(1, UNITS, spikes.dtype)
        look = lambda state, inputs: (observer.step(state, *inputs), None)  # noqa: E731
        state, _ = jax.lax.scan(look, start, (spikes[:, None], *moments))
        return READOUTS[loss].from_state(params, state, grid.duration)[0]

    slopes = jax.jit(lambda spikes: (logits(spikes), jax.jacrev(logits)(spikes)))
    value, slope = slopes(jnp.asarray(spikes))
    return np.asarray(value), np.moveaxis(np.asarray(slope), 0, -1)


def assert_as_reference(loss, duration, dt, rounding=2e-6):
    """``rounding`` is the error of a sum over all steps, as a part of the largest one."""
    grid = time_grid(duration, dt, 0.0)
    times = np.minimum(dt * np.arange(grid.steps), duration)
    spikes = some_spikes(grid.steps)
    w = np.random.default_rng(1).normal(size=(UNITS, OUTPUTS))
    for found, expected in zip(
        observed(loss, spikes, w, grid), reference(loss, times, spikes.astype(np.float64), w, duration), strict=True
    ):
        single = np.finfo(np.float32)
        unresolved = single.eps * duration / TAU_SYN  # of a time
        smallest = (rounding + unresolved) * np.abs(expected).max() + single.tiny
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=smallest)


@pytest.mark.parametrize("loss", READOUTS)
@pytest.mark.parametrize(("duration", "dt"), WHOLE + CUT_SHORT)
def test_values_and_gradients(loss, duration, dt):
    assert_as_reference(loss, duration, dt)


@pytest.mark.slow
@pytest.mark.parametrize("loss", READOUTS)
@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.floats(1e-3, 3), st.floats(0.5, 1500), st.booleans())
def test_values_and_gradients_of_many_trials(loss, duration, steps, whole):
    dt = duration / (math.ceil(steps) if whole else steps)
    assume(dt <= 5 * TAU_MEM)  # of longer steps a voltage leaves little more than rounding errors
    assert_as_reference(loss, duration, dt, rounding=max(steps, 16) * np.finfo(np.float32).eps)  # once a step


@pytest.mark.parametrize(("duration", "dt"), [WHOLE[2], CUT_SHORT[0]])
def test_a_silent_output_is_pulled_towards_an_earlier_spike(duration, dt):
    """The whole program; two trials only, as each compiles for seconds."""
    network = Network(1, 2, hidden=(1,), loss="ttfs", duration=duration, delay=0.0, recurrent=False)
    trainer = BPTTTrainer(network, TrainConfig(rate_strength=0), dt=dt)
    params = trainer.init()
    hidden = params.layers[0]._replace(w_in=jnp.array([[1e3]]))  # spikes whenever it may
    weak = params.readout._replace(w_in=jnp.full((1, 2), 1e-3))
    events = pad_events([([0.0], [0])], dtype=np.float32)
    gradient, output = trainer.gradient(params._replace(layers=(hidden,), readout=weak), events, np.array([1]))
    np.testing.assert_allclose(output.logits, -duration / READOUTS["ttfs"].scale, rtol=1e-6)
    wrong, right = np.asarray(gradient.readout.w_in[0])
    assert right < 0 < wrong
