"""Readouts: what a network answers, as a function of its output spikes.

Each has two forms of one quantity: ``from_events`` in closed form from exact spike times, and an ``observer`` that
accumulates it along a time grid (see ``solvers.bptt``), from whose last state ``from_state`` gives the answer. The
logits go into a cross-entropy. The leaky readout is a LIF neuron that never spikes; it has no transmission delay.
"""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from solvers.bptt import Observer
from solvers.events import Events, map_samples
from solvers.lif import flow, kappa, time_of_maximum


class ReadoutParams(NamedTuple):
    """Parameters of a leaky readout.

    Attributes:
        w: weights ``w[pre, output]`` [voltage].
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
    """

    w: Float[Array, "pre outputs"]
    tau_mem: Float[Array, ""]
    tau_syn: Float[Array, ""]


class Readout(Protocol):
    """What a readout provides; ``spiking`` ones read the spikes of an output layer of LIF neurons, without weights."""

    @property
    def spiking(self) -> bool:
        """Whether the last layer is one of spiking output neurons."""
        ...

    def from_events(self, params: Any, spikes: Events, units: int, duration: float) -> Float[Array, "batch outputs"]:
        """Logits from the spikes of the last layer, which has ``units`` neurons, by ``duration`` [s]."""
        ...

    def observer(self, params: Any, duration: float, dt: float) -> Observer:
        """What accumulates the same quantity on a grid of step ``dt`` [s]."""
        ...

    def from_state(self, params: Any, state: Any, duration: float) -> Float[Array, "batch outputs"]:
        """Logits from the observer's last state."""
        ...


class WeightedMean(NamedTuple):
    """Time average of the readout voltage, weighted with ``exp(-decays t/duration)``.

    Linear in the spikes, so each spike counts by a closed-form kernel of its time; both methods use the same one.
    ``decays=0`` gives the plain mean, ``decays=1`` the exponentially weighted mean of Nowotny et al. 2025 (Neuromorph.
    Comput. Eng., 10.1088/2634-4386/ada852), with which early spikes, too, get a gradient.
    """

    decays: float
    spiking: bool = False

    def kernel(self, params: ReadoutParams, times: Array, duration: float) -> Array:
        """Contribution of a spike at each time, per weight: ``1/T int_s^T exp(-g t) kappa(t - s) dt``."""
        g, left = self.decays / duration, jnp.maximum(duration - times, 0)
        rate = 1 / params.tau_syn + g
        current = -jnp.expm1(-left * rate) / rate
        voltage = params.tau_mem * jnp.exp(-g * left) * kappa(left, params.tau_mem, params.tau_syn)
        return jnp.exp(-g * times) * (current - voltage) / (1 + params.tau_mem * g) / duration

    def from_events(self, params: ReadoutParams, spikes: Events, units: int, duration: float) -> Array:
        """See ``Readout``."""

        @jax.checkpoint
        def sums(spikes):  # of one sample
            contribution = self.kernel(params, jnp.where(spikes.valid, spikes.times, duration), duration)
            index = jnp.where(spikes.valid, spikes.units, units)
            return jnp.zeros(units, contribution.dtype).at[index].add(contribution, mode="drop")

        return map_samples(sums, spikes) @ params.w

    def observer(self, params: ReadoutParams, duration: float, dt: float) -> Observer:
        """See ``Readout``."""
        return _KernelSum(self, params, duration)

    def from_state(self, params: ReadoutParams, state: Array, duration: float) -> Array:
        """See ``Readout``."""
        return state @ params.w


class _KernelSum(NamedTuple):
    readout: WeightedMean
    params: ReadoutParams
    duration: float

    def init(self, batch, neurons, dtype):
        return jnp.zeros((batch, neurons), dtype)

    def step(self, state, spikes, time):
        return state + self.readout.kernel(self.params, time, self.duration) * spikes


class Maximum(NamedTuple):
    """Maximum over time of the readout voltage.

    The maximum lies where the voltage is stationary (there the envelope theorem gives the derivative: that of the
    voltage at a fixed time) or at an arrival that makes a rising voltage fall (then it moves with that spike).
    """

    spiking: bool = False

    def from_events(self, params: ReadoutParams, spikes: Events, units: int, duration: float) -> Array:
        """See ``Readout``."""
        times = jnp.where(spikes.valid, spikes.times, duration)
        lag, arrival = jax.vmap(_when_largest, (None, 0, 0, None))(
            jax.lax.stop_gradient(params),
            jax.lax.stop_gradient(times),
            jnp.where(spikes.valid, spikes.units, units),
            duration,
        )
        return jax.vmap(jax.checkpoint(_voltage_at), (None, 0, 0, 0, 0))(
            params, times, jnp.where(spikes.valid, spikes.units, units), lag, arrival
        )

    def observer(self, params: ReadoutParams, duration: float, dt: float) -> Observer:
        """See ``Readout``."""
        return _RunningMaximum(params, dt)

    def from_state(self, params: ReadoutParams, state: Any, duration: float) -> Array:
        """See ``Readout``."""
        return state[2]


def _when_largest(params, times, units, duration):
    """Where each output's voltage is largest, for one sample.

    Returns:
        ``(lag, arrival)``: at a fixed time ``lag`` (arrival -1), or at the time of spike ``arrival``; both [outputs].
    """
    w = params.w

    def until_next(state, spike):
        v, i, best, when, at = state
        number, time, unit, following = spike
        i = i + w.at[unit].get(mode="fill", fill_value=0)
        gap = following - time
        # The largest voltage of the stretch: at its inner maximum, or at its end, which is the next arrival.
        top = jnp.minimum(time_of_maximum(v, i, params.tau_mem, params.tau_syn), gap)
        v_top = flow(v, i, top, params.tau_mem, params.tau_syn)[0]
        inner = top < gap
        better = v_top > best
        best = jnp.where(better, v_top, best)
        when = jnp.where(better, time + top, when)
        at = jnp.where(better, jnp.where(inner, -1, number + 1), at)
        v, i = flow(v, i, gap, params.tau_mem, params.tau_syn)
        return (v, i, best, when, at), None

    outputs, count = w.shape[1], times.shape[0]
    zero = jnp.zeros(outputs, times.dtype)
    state = (zero, zero, zero, zero, jnp.full(outputs, -1))
    following = jnp.append(times[1:], duration).astype(times.dtype)
    state, _ = jax.lax.scan(until_next, state, (jnp.arange(count), times, units, following))
    _, _, _, when, at = state
    return when, jnp.where((at < count) & (when < duration), at, -1)


def _voltage_at(params, times, units, lag, arrival):
    """Voltage of each output at its own time: a constant, or that of a spike (which then carries the derivative)."""
    when = jnp.where(arrival >= 0, times[arrival], lag)[:, None]
    earlier = times < when
    since = jnp.where(earlier, when - times, 0)
    psp = jnp.where(earlier, kappa(since, params.tau_mem, params.tau_syn), 0)
    return jnp.einsum("ok,ko->o", psp, params.w.at[units].get(mode="fill", fill_value=0))


class _RunningMaximum(NamedTuple):
    params: ReadoutParams
    dt: float

    def init(self, batch, neurons, dtype):
        zero = jnp.zeros((batch, self.params.w.shape[1]), dtype)
        return zero, zero, zero

    def step(self, state, spikes, time):
        v, i, best = state
        v, i = flow(v, i, jnp.where(time > 0, self.dt, 0.0), self.params.tau_mem, self.params.tau_syn)
        return v, i + spikes @ self.params.w, jnp.maximum(best, v)


class FirstSpike(NamedTuple):
    """Time of each output neuron's first spike (the end of the trial if it has none): the earlier, the larger.

    Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, eq. 7 (time-to-first-spike cross-entropy).
    """

    scale: float  # [s]: a spike earlier by this much makes a logit larger by one
    spiking: bool = True

    def from_events(self, params: None, spikes: Events, units: int, duration: float) -> Array:
        """See ``Readout``."""
        times = jnp.where(spikes.valid, spikes.times, duration)
        mine = spikes.valid[:, None] & (spikes.units[:, None] == jnp.arange(units)[:, None])
        first = jnp.take_along_axis(times, jnp.argmax(mine, -1), 1)
        return -jnp.where(mine.any(-1), first, duration) / self.scale

    def observer(self, params: None, duration: float, dt: float) -> Observer:
        """See ``Readout``."""
        return _Survival(dt)

    def from_state(self, params: None, state: Any, duration: float) -> Array:
        """See ``Readout``."""
        return -jnp.minimum(state[1], duration) / self.scale


class _Survival(NamedTuple):
    """First spike time as the time survived without a spike, a product that surrogate derivatives pass through."""

    dt: float

    def init(self, batch, neurons, dtype):
        return jnp.ones((batch, neurons), dtype), jnp.zeros((batch, neurons), dtype)

    def step(self, state, spikes, time):
        alive, survived = state
        survived = survived + jnp.where(time > 0, self.dt, 0.0) * alive
        return alive * (1 - spikes), survived


#: Loss names: cross-entropy on the logits of each readout.
LOSSES: dict[str, Readout] = {
    "mean": WeightedMean(decays=0.0),
    "exp": WeightedMean(decays=1.0),
    "max": Maximum(),
    "ttfs": FirstSpike(scale=5e-3),
}
