"""Maximum over time of the readout voltage."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from solvers.bptt import Observer
from solvers.events import Events
from solvers.neurons.lif import flow, kappa, time_of_maximum

from .base import ReadoutParams


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

    def observer(self, params: ReadoutParams, duration: float) -> Observer:
        """See ``Readout``."""
        return _RunningMaximum(params)

    def from_state(self, params: ReadoutParams, state: Any, duration: float) -> Array:
        """See ``Readout``."""
        return state[2]


def _when_largest(params: ReadoutParams, times: Array, units: Array, duration: float) -> tuple[Array, Array]:
    """Where each output's voltage is largest, for one sample.

    Returns:
        ``(lag, arrival)``: at a fixed time ``lag`` (arrival -1), or at the time of spike ``arrival``; both [outputs].
    """
    w = params.w

    def until_next(state: Any, spike: Any) -> tuple[Any, None]:
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


def _voltage_at(params: ReadoutParams, times: Array, units: Array, lag: Array, arrival: Array) -> Array:
    """Voltage of each output at its own time: a constant, or that of a spike (which then carries the derivative)."""
    when = jnp.where(arrival >= 0, times[arrival], lag)[:, None]
    earlier = times < when
    since = jnp.where(earlier, when - times, 0)
    psp = jnp.where(earlier, kappa(since, params.tau_mem, params.tau_syn), 0)
    return jnp.einsum("ok,ko->o", psp, params.w.at[units].get(mode="fill", fill_value=0))


class _RunningMaximum(NamedTuple):
    params: ReadoutParams

    def init(self, batch: int, neurons: int, dtype: Any) -> tuple[Array, Array, Array]:
        zero = jnp.zeros((batch, self.params.w.shape[1]), dtype)
        return zero, zero, zero

    def step(
        self, state: tuple[Array, Array, Array], spikes: Array, time: Array, lag: Array
    ) -> tuple[Array, Array, Array]:
        v, i, best = state
        v, i = flow(v, i, lag, self.params.tau_mem, self.params.tau_syn)
        return v, i + spikes @ self.params.w, jnp.maximum(best, v)
