"""Forward pass: the exact spikes of a batch.

A turn of the loop looks at each sample's next arrival and at a lower bound of the lag to each neuron's next crossing,
which is the tangent's: while a voltage rises its slope falls. The crossing of the neuron with the smallest bound is
solved exactly, and takes the place of its bound. Then the sample goes to the arrival, if nothing can cross before it;
or to the crossing, if no other neuron can cross before that; or it stays, to look at the next smallest bound.

In its refractory period a neuron has no crossing; its bound is the lag to the end of the period, to which the sample
goes likewise: there a clamped voltage is released, and one above the threshold spikes.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from ....events import NO_UNIT, Events, without_ghosts
from ....neurons import neuron_of
from ....neurons.lif import flow, next_crossing
from ....neurons.refractory import LIFLike
from ....smoothing import Smoothing
from ....times import Time, as_time, first, is_fine, where
from ..base import Kept
from ..stacking import stacked_weights
from . import ghosts
from .arrivals import take, take_time
from .sharding import least, one_spike, own_neurons, varying_state


class _State(NamedTuple):
    """State of the samples, each at its own time ``arrived + since``.

    Attributes:
        v: voltages.
        i: currents [voltage].
        bound: lower bound of the lag to each neuron's next crossing, if nothing arrives [s].
        arrived: time of the last arrival [s].
        since: lag since then [s]; kept apart so that rounding does not depend on the time.
        e: next input event.
        r: next spike of the layer itself to arrive.
        running: False when a sample is at its end or has no more room.
        times: spikes so far [s].
        units: their neurons.
        current: the spiking neuron's current at each [voltage].
        count: their number.
        left: of the refractory period of each neuron [s], negative when it is over; None if there is no such period.
        last: each neuron's last spike; None if no voltage is clamped.
        release: its current at the release of the clamp after each spike [voltage]; None likewise.
        watch: see ``ghosts``; None if these are not wanted.
    """

    v: Float[Array, "batch post"]
    i: Float[Array, "batch post"]
    bound: Float[Array, "batch post"]
    arrived: Time
    since: Float[Array, " batch"]
    e: Int[Array, " batch"]
    r: Int[Array, " batch"]
    running: Bool[Array, " batch"]
    times: Time
    units: Int[Array, "batch capacity"]
    current: Float[Array, "batch capacity"]
    count: Int[Array, " batch"]  # type: ignore[assignment]  # hides tuple.count
    left: Float[Array, "batch post"] | None
    last: Int[Array, "batch post"] | None
    release: Float[Array, "batch capacity"] | None
    watch: ghosts.Watch | None


def _tangent(v: Array, i: Array, params: LIFLike) -> Array:
    """Lower bound, also after rounding, of the lag at which each voltage reaches the threshold."""
    able = (i > params.threshold) & (i < jnp.inf) & (v > -jnp.inf)  # neither infinite nor NaN
    lag = params.tau_mem * (params.threshold - v) / jnp.where(able, i - v, 1)
    return jnp.where(able, jnp.maximum(lag * (1 - 16 * jnp.finfo(v.dtype).eps), 0), jnp.inf)


def forward(params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    return smooth_forward(params, events, duration=duration, delay=delay, capacity=capacity, smoothing=None)


def sharded_forward(
    params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int, axis: str
) -> tuple[Events, Kept]:
    """See ``ShardedEngine``; currents are kept by the devices whose neurons spike, the others have 0."""
    settings: dict[str, Any] = dict(duration=duration, delay=delay, capacity=capacity)
    return smooth_forward(params, events, **settings, smoothing=None, axis=axis)


@partial(jax.jit, static_argnames=("duration", "delay", "capacity", "smoothing", "axis"))
def smooth_forward(
    params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int, smoothing: Smoothing | None,
    axis: str | None = None,
) -> tuple[Events, Kept]:  # fmt: skip
    """See ``SmoothEngine``; with an axis ``sharded_forward``."""
    if events.amplitudes is not None:
        events = without_ghosts(events)
    watches = smoothing is not None and smoothing.parts != "timing"
    weights = stacked_weights(params)
    batch, real = len(events.times), events.times.dtype
    samples, neurons, recurrent = jnp.arange(batch), jnp.arange(params.neurons), params.w_rec is not None
    names = own_neurons(params.neurons, axis)
    exact = partial(as_time, dtype=real, fine=is_fine(real, duration))
    end = exact(duration)
    clamps, period = neuron_of(params).clamps, neuron_of(params).period(params)

    def turn(s: _State) -> _State:
        t_in = exact(jnp.where(s.e < events.count, take(events.times, s.e, jnp.inf), jnp.inf))
        t_own = take_time(s.times, s.r, jnp.inf).after(delay)
        t_own = where(recurrent & (s.r < s.count), t_own, exact(jnp.inf))
        arrival = first(t_in, t_own)
        gap = jnp.maximum(first(arrival, end).since(s.arrived) - s.since, 0)

        nearest = jnp.argmin(s.bound, 1)
        of_nearest = lambda x: jnp.broadcast_to(x, s.v.shape)[samples, nearest]  # noqa: E731
        moves = s.running if s.watch is None else s.running & ~s.watch.busy
        near = moves & (of_nearest(s.bound) <= gap)
        constants = map(of_nearest, (params.tau_mem, params.tau_syn, params.threshold))
        crossing = next_crossing(of_nearest(s.v), jnp.where(near, of_nearest(s.i), 0), *constants)
        crossing = jnp.where(crossing >= 0, crossing, jnp.inf)  # were it NaN, the loop would not end
        if s.left is not None:
            waits = near & (of_nearest(s.left) >= 0)
            crossing = jnp.where(waits, of_nearest(s.left), crossing)
        is_nearest = neurons == nearest[:, None]
        bound = jnp.where(is_nearest & near[:, None], crossing[:, None], s.bound)
        earliest = least(jnp.min(bound, 1), axis)
        goes_on = moves & (gap < earliest)
        fires = near & ~goes_on & (crossing <= earliest)
        turns, spiking, fires = one_spike(fires, names[nearest], axis)
        running = s.running & ~(goes_on & ~arrival.precedes(end))
        arrives = goes_on & running

        lag = jnp.where(goes_on, gap, jnp.where(turns, earliest, 0))
        since = jnp.where(arrives, 0, s.since + lag)
        v, i = flow(s.v, s.i, lag[:, None], params.tau_mem, params.tau_syn)
        spikes, after, left, last, release = turns, params.reset, s.left, s.last, s.release
        if left is not None and period is not None:
            released = fires & waits
            if last is not None and release is not None:
                v = jnp.where(left >= 0, params.reset, v)
                of_spike = jnp.where(released, of_nearest(last), capacity)
                release = release.at[samples, of_spike].set(of_nearest(i), mode="drop")
                fires &= ~waits
                last = jnp.where(is_nearest & fires[:, None], s.count[:, None], last)
            else:
                after = jnp.where(released[:, None], v - (params.threshold - params.reset), params.reset)
                fires &= ~waits | (of_nearest(v) >= of_nearest(params.threshold))
            left = jnp.where(is_nearest & released[:, None], -1, left - lag[:, None])
            left = jnp.where(is_nearest & fires[:, None], period, left)
            spikes = fires
        slot = jnp.where(spikes, s.count, capacity)  # beyond the last: dropped
        put = lambda array, values: array.at[samples, slot].set(values, mode="drop")  # noqa: E731
        times = jax.tree.map(put, s.times, first(s.arrived.after(since), arrival))  # in order also after rounding
        units = put(s.units, spiking.astype(jnp.int32))
        at_spike = of_nearest(i) if axis is None else jnp.where(fires, of_nearest(i), 0)
        if left is not None and last is None:
            at_spike = jnp.where(released, 0, at_spike)
        current = put(s.current, at_spike)
        v = jnp.where(is_nearest & fires[:, None], after, v)
        watch = s.watch
        if watch is not None and smoothing is not None:
            begin = s.arrived.high + s.since
            watch = ghosts.note_peaks(watch, s.v, s.i, lag, begin, params, smoothing)
            watch = ghosts.note_spikes(watch, is_nearest & fires[:, None], s.count, params)
            watch = ghosts.look(watch, v, begin + lag, ~running, params, smoothing)
            running &= watch.number <= capacity

        from_input = arrives & ~t_own.precedes(t_in)
        from_own = arrives & ~from_input
        unit = jnp.where(from_own, params.inputs + take(s.units, s.r, 0), take(events.units, s.e, 0))
        i += weights.at[jnp.where(arrives, unit, len(weights))].get(mode="fill", fill_value=0)  # no arrival: no row
        stays = ~(goes_on | turns)[:, None]
        soonest = _tangent(v, i, params)
        if left is not None:
            soonest = jnp.where(left >= 0, left, soonest)
        count = s.count + spikes
        return _State(
            v, i, jnp.where(stays, bound, soonest),
            where(arrives, arrival, s.arrived), since, s.e + from_input, s.r + from_own,
            running & (count <= capacity), times, units, current, count, left, last, release, watch,
        )  # fmt: skip

    zero, none = jnp.zeros((batch, params.neurons), real), jnp.zeros(batch, jnp.int32)
    room = (batch, capacity)
    start = _State(
        zero, zero, jnp.full_like(zero, jnp.inf), exact(zero[:, 0]), zero[:, 0], none, none, samples >= 0,
        exact(jnp.full(room, jnp.inf, real)), jnp.full(room, NO_UNIT, jnp.int32), jnp.zeros(room, real), none,
        None if period is None else jnp.full_like(zero, -1),
        jnp.full(zero.shape, capacity, jnp.int32) if clamps else None, jnp.zeros(room, real) if clamps else None,
        ghosts.start(zero, capacity) if watches else None,
    )  # fmt: skip

    def unfinished(s: _State) -> Array:
        return s.running.any() if s.watch is None else (s.running | s.watch.busy).any()

    start = varying_state(start, ("v", "i", "bound", "current"), (params, events), axis)
    final = lax.while_loop(unfinished, turn, start)
    spikes = Events(final.times.high, final.units, final.count)
    kept = Kept(final.current, final.times.low, final.release)
    return (spikes, kept) if final.watch is None else ghosts.merge_ghosts(final.watch, spikes, kept)
