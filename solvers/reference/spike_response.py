"""Plain oracles of the LIF layer's gradients: implicit differentiation of the spike-response form.

There the voltage of a neuron is the sum of ``kappa`` over all earlier arrivals and of the decaying resets after its
earlier spikes. Shares only ``kappa`` with EventProp.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from ..delays import delays_of
from ..events import Events
from ..neurons.lif import LIFParams, kappa


class Arrivals(NamedTuple):
    """What makes the voltages: input events, and the layer's own spikes and ghosts.

    Attributes:
        times: of the input [s], ``[events]``.
        amplitudes: of the input, ``[events]``.
        own_times: of the layer's spikes [s], ``[capacity]``.
        own_amplitudes: likewise.
    """

    times: Float[Array, " events"]
    amplitudes: Float[Array, " events"]
    own_times: Float[Array, " capacity"]
    own_amplitudes: Float[Array, " capacity"]


class Moments(NamedTuple):
    """When the voltages of which neurons are asked for; what arrives at a moment is not yet in them.

    Attributes:
        times: [s].
        neurons: one for each moment.
    """

    times: Float[Array, " moments"]
    neurons: Int[Array, " moments"]


def arrivals_of(events: Events, spikes: Events) -> Arrivals:
    """The arrivals at a layer with these input events and own spikes; padding has no amplitude and time 0."""
    times = [jnp.where(x.valid, x.times, 0) for x in (events, spikes)]
    amplitudes = [x.there.astype(x.times.dtype) for x in (events, spikes)]
    return Arrivals(times[0], amplitudes[0], times[1], amplitudes[1])


def voltages(
    params: LIFParams, arrivals: Arrivals, at: Float[Array, " moments"], moments: Moments, events: Events,
    spikes: Events, delay: ArrayLike, reset_gradient: bool = True,
) -> Float[Array, " moments"]:  # fmt: skip
    """Voltages of neurons before their resets and arrivals at given moments, differentiable.

    Args:
        params: of the layer.
        arrivals: times and amplitudes of what arrives.
        at: the moments [s]; the following, which are fixed, say what is earlier than what.
        moments: likewise, and the neurons.
        events: input.
        spikes: of the layer.
        delay: of the recurrent connections [s].
        reset_gradient: whether resets move with the spikes, or their times are held fixed.
    """
    fixed = moments.times[:, None]
    of_inputs, of_own = delays_of(params)

    def lags(delays: Array | None, sources: Array) -> ArrayLike:
        """Of each event at each moment's neuron: ``[moments, events]``, or what broadcasts to it."""
        if delays is None:
            return 0.0
        return delays[sources] if delays.ndim == 1 else delays[sources][:, moments.neurons].T

    sources = jnp.where(spikes.valid, spikes.sources, 0)
    each = lambda x: jnp.broadcast_to(x, (params.neurons,))[moments.neurons][:, None]  # noqa: E731
    tau_mem, tau_syn = each(params.tau_mem), each(params.tau_syn)

    def response(weights: Array, times: Array, amplitudes: Array, earlier: Array) -> Array:
        lag = jnp.where(earlier, at[:, None] - times, 0.0)
        return jnp.sum(jnp.where(earlier, amplitudes * weights * kappa(lag, tau_mem, tau_syn), 0.0), axis=1)

    inputs = jnp.where(events.valid, events.sources, 0)
    after = lags(of_inputs, inputs)
    arrived = events.valid & (events.times + after < fixed)
    weights = params.w_in[inputs][:, moments.neurons].T
    v = response(weights, arrivals.times + after, arrivals.amplitudes, arrived)
    if params.w_rec is not None:
        after = delay + lags(of_own, sources)
        returned = spikes.valid & (spikes.times + after < fixed)
        weights = params.w_rec[sources][:, moments.neurons].T
        v += response(weights, arrivals.own_times + after, arrivals.own_amplitudes, returned)
    own = spikes.valid & (spikes.times < fixed) & (sources == moments.neurons[:, None])
    reset_times = arrivals.own_times if reset_gradient else jax.lax.stop_gradient(arrivals.own_times)
    lag = jnp.where(own, at[:, None] - reset_times, 0.0)
    drop = (each(params.threshold) - each(params.reset)) * arrivals.own_amplitudes
    return v - jnp.sum(jnp.where(own, drop * jnp.exp(-lag / tau_mem), 0.0), axis=1)


@partial(jax.jit, static_argnames="reset_gradient")
def implicit_gradient(
    params: LIFParams,
    events: Events,
    spikes: Events,
    time_cotangents: Float[Array | np.ndarray, " capacity"],
    *,
    delay: ArrayLike,
    reset_gradient: bool = True,
) -> tuple[LIFParams, Float[Array, " events"]]:
    """Gradient of a function of the spike times, by implicit differentiation of v(t_k) = threshold for all spikes.

    The spike times t solve F(t, parameters) = 0, so that dt/dparameters = -(dF/dt)^-1 dF/dparameters.

    Args:
        params: of one layer; use double precision.
        events: one sample.
        spikes: its output spikes.
        time_cotangents: derivative of the function with respect to each spike time.
        delay: of the recurrent connections [s].
        reset_gradient: as for ``voltages``.

    Returns:
        Gradients with respect to the parameters and to the input times (zero at padding).
    """
    fixed = arrivals_of(events, spikes)
    moments = Moments(fixed.own_times, jnp.where(spikes.valid, spikes.units, 0))

    def missing_voltage(times: Array, params: LIFParams, input_times: Array) -> Array:
        arrivals = fixed._replace(times=input_times, own_times=times)
        v = voltages(params, arrivals, times, moments, events, spikes, delay, reset_gradient)
        threshold = jnp.broadcast_to(params.threshold, (params.neurons,))[moments.neurons]
        return jnp.where(spikes.valid, v - threshold, times)  # padding: stays where it is

    arguments: Any = (params, fixed.times)
    by_time = jax.jacobian(missing_voltage)(fixed.own_times, *arguments)
    _, pull_back = jax.vjp(lambda *arguments: missing_voltage(fixed.own_times, *arguments), *arguments)
    d_params, d_times = pull_back(-jnp.linalg.solve(by_time.T, jnp.where(spikes.valid, time_cotangents, 0)))
    return d_params, d_times
