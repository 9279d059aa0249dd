"""A plain oracle of the gradient that sees spikes appear and vanish, see ``solvers.eventprop.Smoothing``.

Ghosts and margins come from voltages that are looked at; the gradient from linear equations for the changes of all
times and amplitudes, in place of an adjoint that goes back from spike to spike.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..events import Events, ghost_of, pad_events
from ..neurons.lif import LIFParams
from ..smoothing import Smoothing
from .spike_response import Moments, arrivals_of, voltages

Margins = Float[Array, " capacity"]


def with_ghosts(
    params: LIFParams, events: Events, spikes: Events, looks: Float[np.ndarray, " looks"], *, delay: float,
    smoothing: Smoothing,
) -> tuple[Events, Margins]:  # fmt: skip
    """Spikes and ghosts of one sample, and their margins: v*/threshold - 1, infinite if a spike is not marginal.

    Args:
        params: of the layer.
        events: input.
        spikes: of the layer.
        looks: when the voltages are looked at [s].
        delay: of the recurrent connections [s].
        smoothing: what counts as a maximum.
    """
    marks = []
    for n in range(params.neurons):
        threshold, reset, tau_mem = (
            float(np.broadcast_to(x, params.neurons)[n]) for x in (params.threshold, params.reset, params.tau_mem)
        )
        moments = Moments(jnp.asarray(looks), jnp.full(len(looks), n))
        arrivals = arrivals_of(events, spikes)
        voltage = np.asarray(voltages(params, arrivals, moments.times, moments, events, spikes, delay)) / threshold
        own = np.asarray(spikes.times)[: int(spikes.count)][np.asarray(spikes.units)[: int(spikes.count)] == n]
        marks += _marks_of_neuron(n, own, looks, voltage, reset / threshold, tau_mem, smoothing)
    marks.sort(key=lambda mark: (mark[0], ghost_of(mark[1]) if mark[1] < 0 else mark[1]))
    times, units, margins = (np.array(x) for x in zip(*marks, strict=True))
    found = jax.tree.map(lambda x: x[0], pad_events([(times, units.astype(int))]))
    return found._replace(amplitudes=found.there.astype(found.times.dtype)), jnp.asarray(margins)


def _marks_of_neuron(
    n: int, own: np.ndarray, looks: np.ndarray, voltage: np.ndarray, reset: float, tau_mem: float, smoothing: Smoothing
) -> list[tuple[float, int, float]]:
    """Time, unit and margin of the spikes and ghosts of a neuron; voltages are in thresholds."""
    marks: list[tuple[float, int, float]] = []
    previous, last_spike, top = 0.0, None, 0.0
    rising, highest, lowest, when = False, 0.0, 0.0, 0.0
    for look, v in zip(looks, voltage, strict=True):
        over = look == looks[-1]
        for spike in own[(own > previous) & (own <= look)]:
            if last_spike is not None:
                marks.append((last_spike, n, np.inf))  # another came before it could have vanished
            last_spike, top, since = spike, 1.0, spike
            rising, lowest = False, reset
        if last_spike is not None:
            as_if_not_reset = v + (1 - reset) * np.exp(-(look - since) / tau_mem)
            top = max(top, as_if_not_reset)
            if as_if_not_reset < 1 or over:
                marks.append((last_spike, n, top - 1 if top - 1 < smoothing.half_width else np.inf))
                last_spike = None
        if rising and v > highest:
            highest, when = v, look
        elif not rising:
            lowest = min(lowest, v)
            rising, highest, when = v > lowest + smoothing.dip, v, look
        if rising and (over or v < highest - smoothing.dip):
            if highest - 1 > -smoothing.half_width:
                marks.append((when, int(ghost_of(n)), min(highest - 1, 0.0)))
            rising, lowest = False, v
        previous = look
    return marks


@jax.jit(static_argnames=("smoothing",))
def smoothed_gradient(
    params: LIFParams,
    events: Events,
    spikes: Events,
    margins: Margins,
    time_cotangents: Float[Array, " capacity"],
    amplitude_cotangents: Float[Array, " capacity"],
    *,
    delay: ArrayLike,
    smoothing: Smoothing,
) -> tuple[LIFParams, Float[Array, " events"], Float[Array, " events"]]:
    """The smoothed gradient of a function of times and amplitudes of spikes and ghosts.

    The time of a spike changes by ``-dv/(dv/dt)`` and an amplitude by ``h(x) dx``, where the voltage just before
    changes by ``dv`` and the margin by ``dx = dv/threshold - (1 + x) dthreshold/threshold``.

    Args:
        params: of one layer; use double precision.
        events: one sample, spikes and ghosts.
        spikes: of the layer, and its ghosts.
        margins: of both, see ``with_ghosts``.
        time_cotangents: derivative of the function with respect to each time.
        amplitude_cotangents: likewise.
        delay: of the recurrent connections [s].
        smoothing: see there.

    Returns:
        Gradients with respect to the parameters, and to times and amplitudes of the input.
    """
    fixed = arrivals_of(events, spikes)
    moments = Moments(fixed.own_times, jnp.where(spikes.valid, spikes.sources, 0))
    each = lambda x: jnp.broadcast_to(x, (params.neurons,))[moments.neurons]  # noqa: E731
    timing = spikes.there & (smoothing.parts != "existence")
    height = jnp.where(spikes.valid & (smoothing.parts != "timing"), smoothing.height(margins), 0)
    times, amplitudes, zero = fixed.own_times, fixed.own_amplitudes, jnp.zeros_like(fixed.own_times)

    def before(times: Array, amplitudes: Array, params: LIFParams, arriving: Array, there: Array) -> Array:
        """Voltages just before spikes and ghosts, at their times as they are."""
        arrivals = fixed._replace(times=arriving, amplitudes=there, own_times=times, own_amplitudes=amplitudes)
        return voltages(params, arrivals, fixed.own_times, moments, events, spikes, delay)

    def excess(params: LIFParams, level: Any) -> Any:
        """By what a threshold, which is so many times the voltage, changes the excess of the voltage over it."""
        return -level * jnp.broadcast_to(params.threshold, (params.neurons,))[moments.neurons]

    rest = params, fixed.times, fixed.amplitudes
    slope = jax.jvp(
        lambda at: voltages(params, fixed, at, moments, events, spikes, delay), (times,), (jnp.ones_like(times),)
    )[1]
    slope = jnp.maximum(slope, smoothing.floor * each(params.threshold) / each(params.tau_mem))
    by_time, by_amplitude = jax.jacobian(before, (0, 1))(times, amplitudes, *rest)
    move, exist = jnp.where(timing, -1 / slope, zero), height / each(params.threshold)
    # Changes z of times and amplitudes: z = A z + b, with b what the parameters change.
    matrix = jnp.block([[move[:, None] * by_time, move[:, None] * by_amplitude],
                        [exist[:, None] * by_time, exist[:, None] * by_amplitude]])  # fmt: skip
    cotangents = jnp.concatenate([jnp.where(spikes.valid, x, 0) for x in (time_cotangents, amplitude_cotangents)])
    at_times, at_amplitudes = jnp.split(jnp.linalg.solve(jnp.eye(len(matrix)) - matrix.T, cotangents), 2)
    level = jnp.where(jnp.isfinite(margins), 1 + margins, 1)
    _, pull_back = jax.vjp(
        lambda params, *rest: (before(times, amplitudes, params, *rest), excess(params, 1.0), excess(params, level)),
        *rest,
    )
    return pull_back((move * at_times + exist * at_amplitudes, move * at_times, exist * at_amplitudes))
