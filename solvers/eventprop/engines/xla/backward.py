"""Backward pass: the exact adjoint of a batch, over the stored spikes in reverse order.

``p`` and ``q`` are the derivatives of the loss with respect to each neuron's voltage and current (EventProp's adjoints
are ``lambda_v = -p/tau_mem`` and ``lambda_i = -q/tau_syn``). The gradients of the time constants need no stored
trajectory: between events the adjoints are closed-form functions of the time constants too, so their derivatives
(``p_mem = dp/dtau_mem``, ``q_mem``, and ``q_syn = dq/dtau_syn``) are carried along and sampled at the arrivals.

At a spike at the end of a dead time nothing but the voltage jumps: ``p`` stays, and the derivative with respect to the
time of the spike goes to the spike before, from which its time is counted. The end of a clamp is an event of its own,
where the voltage starts anew and ``p`` goes to zero; it moves with the spike before.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, table 2; delayed transmission as in Meszaros et al. 2025, Nat.
Commun. 16 (s41467-025-65394-8), eqs. 67-70.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from ....events import Packed
from ....neurons import neuron_of
from ....neurons.refractory import LIFLike
from ....smoothing import Smoothing
from ....times import Time, as_time, last, where
from ..base import Kept
from ..pool import PaddedPasses
from ..stacking import as_params, constants_of, stacked_weights
from .adjoint import Adjoint, Slopes, across_spike, earlier
from .arrivals import take, take_time
from .ghosts import Mark, across_mark
from .refractory import previous_spikes, releases
from .sharding import own_neurons, total, varying_state


class _State(NamedTuple):
    """State of the samples, each at its own time.

    Attributes:
        adjoint: just before the events so far.
        slopes: its derivatives; None if no time constant is trained.
        time: of the last event [s].
        e: input events left.
        r: arrivals of the layer's own spikes left.
        k: spikes left.
        c: releases of clamped voltages left; None if there are no clamps.
        time_cotangents: derivative of the loss with respect to each spike time, as far as it is known.
        gradient: of the stacked weights and of each neuron's constants so far.
        d_times: of the input times so far; None if it is not wanted.
        at_amplitudes: derivative of the loss with respect to the amplitudes of spikes and ghosts, as far as it is
            known; None without smoothing.
        d_amplitudes: of those of the input so far; None if it is not wanted.
    """

    adjoint: Adjoint
    slopes: Slopes | None
    time: Time
    e: Int[Array, " batch"]
    r: Int[Array, " batch"]
    k: Int[Array, " batch"]
    c: Int[Array, " batch"] | None
    time_cotangents: Float[Array, " slots"]
    gradient: tuple[Array, ...]
    d_times: Float[Array, " events"] | None
    at_amplitudes: Float[Array, " slots"] | None
    d_amplitudes: Float[Array, " events"] | None


@partial(
    jax.jit,
    static_argnames=(
        "duration", "delay", "trains_tau", "wants_times", "wants_amplitudes", "smoothing", "reset_gradient", "axis",
    ),
)  # fmt: skip
def pooled_backward(
    params: LIFLike,
    events: Packed,
    spikes: Packed,
    kept: Kept,
    time_cotangents: Float[Array, " slots"],
    count_cotangents: Float[Array, "batch post"],
    amplitude_cotangents: Float[Array, " slots"] | None,
    *,
    duration: float,
    delay: float,
    trains_tau: bool,
    wants_times: bool,
    wants_amplitudes: bool,
    smoothing: Smoothing | None,
    reset_gradient: bool,
    axis: str | None = None,
) -> tuple[LIFLike, Float[Array, " events"] | None, Float[Array, " events"] | None]:
    """See ``PooledEngine``; with an axis of ``sharded_backward``. The duration does not matter: no spikes follow."""
    if smoothing is not None and smoothing.is_exact and not wants_amplitudes:
        smoothing, amplitude_cotangents = None, None  # by the very same program, hence to the last bit
    if smoothing is not None:
        there, events_there = spikes.there, events.there
        spikes, events = spikes._replace(units=spikes.sources), events._replace(units=events.sources)
    batch, real, recurrent = len(events.count), events.times.dtype, params.w_rec is not None
    neurons = own_neurons(params.neurons, axis)
    first_event, first_spike = events.start - 1, spikes.start - 1  # the slot before: what is left are numbers from 1 on
    weights = stacked_weights(params)
    spike_count = spikes.stored
    exact = partial(as_time, dtype=real, fine=kept.remainder is None)
    spike_times, input_times = Time(spikes.times, kept.remainder), exact(events.times)
    clamps, period = neuron_of(params).clamps, neuron_of(params).period(params)
    if period is not None and clamps:
        release_times, released_after = releases(spike_times, spikes, period)
    elif period is not None:
        previous = previous_spikes(spikes, params.neurons)

    def turn(s: _State) -> _State:
        def latest(times: Time, slot: Array, left: Array) -> Time:
            return where(left > 0, take_time(times, slot, -jnp.inf), exact(-jnp.inf))

        at_event, at_sent, at_spike = first_event + s.e, first_spike + s.r, first_spike + s.k
        t_in, t_own = latest(input_times, at_event, s.e), latest(spike_times, at_sent, s.r)
        t_spike = latest(spike_times, at_spike, s.k)
        t_own = t_own.after(delay)
        time = last(last(t_in, t_own), t_spike)
        if s.c is not None:
            at_end = first_spike + s.c
            t_release = latest(release_times, at_end, s.c)
            time = last(time, t_release)
        runs = time.high > -jnp.inf
        # Of simultaneous events the last in the forward pass comes first.
        from_own = runs & ~t_own.precedes(time)
        from_input = runs & ~from_own & ~t_in.precedes(time)
        spiked = runs & ~from_own & ~from_input
        if s.c is not None:
            spiked, ends = spiked & ~t_spike.precedes(time), spiked & t_spike.precedes(time)
        time = where(runs, time, s.time)
        adjoint, slopes = earlier(s.adjoint, s.slopes, s.time.since(time)[:, None], params)
        p, q = adjoint
        d_weights, d_tau_mem, d_tau_syn, d_threshold, d_reset, *d_period = s.gradient

        unit = jnp.where(from_own, params.inputs + take(spikes.units, at_sent, 0), take(events.units, at_event, 0))
        unit = jnp.where(from_own | from_input, unit, len(weights))  # no arrival: no row
        sender = jnp.where(from_own, at_sent, spikes.slots)
        at_amplitudes, d_amplitudes = s.at_amplitudes, s.d_amplitudes
        if smoothing is not None and at_amplitudes is not None:
            effect = jnp.sum(weights.at[unit].get(mode="fill", fill_value=0) * q, 1)
            at_amplitudes = at_amplitudes.at[sender].add(effect, mode="drop")
            if d_amplitudes is not None:
                event = jnp.where(from_input, at_event, events.slots)
                d_amplitudes = d_amplitudes.at[event].set(effect, mode="drop")
            counts = jnp.where(from_own, take(there, at_sent, False), take(events_there, at_event, False))
            unit = jnp.where(counts, unit, len(weights))
        row = weights.at[unit].get(mode="fill", fill_value=0)
        d_weights = d_weights.at[unit].add(q, mode="drop")
        at_arrival = total(jnp.sum(row * (q / params.tau_syn - p / params.tau_mem), 1), axis)
        time_cotangents = s.time_cotangents.at[sender].add(at_arrival, mode="drop")
        d_times = s.d_times
        if d_times is not None:
            event = jnp.where(from_input, at_event, events.slots)
            d_times = d_times.at[event].set(at_arrival, mode="drop")

        here = spiked[:, None] & (neurons == take(spikes.units, at_spike, 0)[:, None])
        of_spike = lambda x: take(x, at_spike, 0)[:, None]  # noqa: E731
        of_time = of_spike(s.time_cotangents)
        p_before = across_spike(adjoint, here, of_spike(kept.current), of_time, params, reset_gradient)
        at_threshold, counted = -p_before, here
        # Where a voltage jumps, what is added to it there, and where that does not depend on what it was before.
        jumps, jump, anew = here, params.reset, here
        if not reset_gradient:
            jump, anew = params.reset - params.threshold, jnp.zeros_like(here)
        if smoothing is not None and at_amplitudes is not None:
            jumps = anew = counted = here & of_spike(there)
            margin = None if kept.margin is None else of_spike(kept.margin)
            marks = Mark(here, counted, of_spike(kept.current), margin, of_spike(at_amplitudes))
            p_before, at_threshold = across_mark(p, p_before, marks, of_spike(s.time_cotangents), params, smoothing)
        if s.c is not None and kept.release is not None:
            before = take(released_after, at_end, 0)
            ending = ends[:, None] & (neurons == take(spikes.units, before, 0)[:, None])
            jumps = anew = here | ending
            rise = (take(kept.release, before, 0)[:, None] - params.reset) / params.tau_mem
            at_release = jnp.where(ending, -p * rise, 0)
            before = jnp.where(ends, before, spikes.slots)
        elif period is not None:
            falls = here & (of_spike(kept.current) == 0)
            anew, fall = here & ~falls, params.threshold - params.reset
            jump, p_before = jnp.where(falls, -fall, params.reset), jnp.where(falls, p, p_before)
            at_threshold = -p_before
            at_release = jnp.where(falls, of_spike(s.time_cotangents) - p * fall / params.tau_mem, 0)
            before = jnp.where(spiked, take(previous, at_spike, spikes.slots), spikes.slots)
        if period is not None:
            time_cotangents = time_cotangents.at[before].add(at_release.sum(1), mode="drop")
            d_period = [d + at_release.sum(0) for d in d_period]
        d_threshold += at_threshold.sum(0)
        d_reset += jnp.where(jumps, p, 0).sum(0)
        if slopes is not None:
            d_tau_mem += jnp.where(jumps, jump * slopes.p_mem, row * slopes.q_mem).sum(0)
            d_tau_syn += (row * slopes.q_syn).sum(0)
            slopes = slopes._replace(p_mem=jnp.where(anew, 0, slopes.p_mem))
        # The heuristic gradient of the spike count: v(t_k) / threshold, v taken as free.
        p = jnp.where(here, p_before + jnp.where(counted, count_cotangents / params.threshold, 0), p)
        if s.c is not None:
            p = jnp.where(ending, 0, p)
        return _State(
            Adjoint(p, q), slopes, time, s.e - from_input, s.r - from_own, s.k - spiked,
            None if s.c is None else s.c - ends, time_cotangents,
            (d_weights, d_tau_mem, d_tau_syn, d_threshold, d_reset, *d_period), d_times, at_amplitudes, d_amplitudes,
        )  # fmt: skip

    # Nothing after the last spike has an effect.
    end = where(spike_count > 0, take_time(spike_times, first_spike + spike_count, 0), exact(-jnp.inf))

    def until_end(times: Time, pool: Packed) -> Array:
        sample = pool.samples
        there = jnp.arange(pool.slots) - pool.start[sample] < pool.stored[sample]
        heard = there & ~jax.tree.map(lambda x: x[sample], end).precedes(times)
        return jnp.zeros(batch, jnp.int32).at[sample].add(heard)

    heard = until_end(spike_times.after(delay), spikes) if recurrent else jnp.zeros_like(spike_count)
    zero, each = jnp.zeros((batch, params.neurons), real), jnp.zeros(params.neurons, real)
    start = _State(
        Adjoint(zero, zero), Slopes(zero, zero, zero) if trains_tau else None, last(end, exact(0.0)),
        until_end(input_times, events), heard, spike_count,
        until_end(release_times, spikes) if clamps else None, time_cotangents,
        (jnp.zeros_like(weights), *[each] * len(constants_of(params))),
        jnp.zeros_like(events.times) if wants_times else None, amplitude_cotangents,
        jnp.zeros_like(events.times) if wants_amplitudes else None,
    )  # fmt: skip
    others = params, events, time_cotangents, count_cotangents
    start = varying_state(start, ("adjoint", "slopes", "gradient"), others, axis)
    final = lax.while_loop(lambda s: ((s.e > 0) | (s.k > 0)).any(), turn, start)
    d_weights, *d_constants = final.gradient
    return as_params(params, d_weights, d_constants), final.d_times, final.d_amplitudes


_PADDED = PaddedPasses(pooled_backward)
backward = _PADDED.backward
detached_backward = _PADDED.detached_backward
smooth_backward = _PADDED.smooth_backward
sharded_backward = backward
