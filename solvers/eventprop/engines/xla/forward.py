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

from ....events import NO_UNIT, Events, Packed, packed_rows, without_ghosts
from ....neurons import neuron_of
from ....neurons.lif import flow, next_crossing
from ....neurons.refractory import LIFLike
from ....smoothing import Smoothing
from ....times import Time, as_time, first, is_fine, where
from ..base import Kept
from ..pool import PAGE, Found, Places, in_pool, in_rows, more, places
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
        times: spikes so far, and ghosts [s].
        units: their neurons.
        current: the spiking neuron's current at each [voltage].
        places: of spikes.
        taken: number of pages, of spikes and ghosts.
        count: their number.
        left: of the refractory period of each neuron [s], negative when it is over; None if there is no such period.
        last: slot of each neuron's last spike; None if no voltage is clamped.
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
    units: Int[Array, " slots"]
    current: Float[Array, " slots"]
    places: Places
    taken: Int[Array, ""]
    count: Int[Array, " batch"]  # type: ignore[assignment]  # hides tuple.count
    left: Float[Array, "batch post"] | None
    last: Int[Array, "batch post"] | None
    release: Float[Array, " slots"] | None
    watch: ghosts.Watch | None


def _tangent(v: Array, i: Array, params: LIFLike) -> Array:
    """Lower bound, also after rounding, of the lag at which each voltage reaches the threshold."""
    able = (i > params.threshold) & (i < jnp.inf) & (v > -jnp.inf)  # neither infinite nor NaN
    lag = params.tau_mem * (params.threshold - v) / jnp.where(able, i - v, 1)
    return jnp.where(able, jnp.maximum(lag * (1 - 16 * jnp.finfo(v.dtype).eps), 0), jnp.inf)


def forward(params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    return smooth_forward(params, events, duration=duration, delay=delay, capacity=capacity, smoothing=None)


def smooth_forward(
    params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int, smoothing: Smoothing | None
) -> tuple[Events, Kept]:
    """See ``SmoothEngine``."""
    settings: Any = dict(duration=duration, delay=delay, capacity=capacity, smoothing=smoothing)
    spikes, kept = _forward(params, packed_rows(events), **settings)
    return spikes, kept


def sharded_forward(
    params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int, axis: str
) -> tuple[Events, Kept]:
    """See ``ShardedEngine``; currents are kept by the devices whose neurons spike, the others have 0."""
    settings: Any = dict(duration=duration, delay=delay, capacity=capacity, smoothing=None)
    spikes, kept = _forward(params, packed_rows(events), **settings, axis=axis)
    return spikes, kept


def pooled_forward(
    params: LIFLike, events: Packed, *, duration: float, delay: float, capacity: int, slots: int,
    smoothing: Smoothing | None,
) -> tuple[Packed, Kept]:  # fmt: skip
    """See ``PooledEngine``."""
    settings: Any = dict(duration=duration, delay=delay, capacity=capacity, smoothing=smoothing)
    spikes, kept = _forward(params, events, **settings, slots=slots)
    return spikes, kept


@partial(jax.jit, static_argnames=("duration", "delay", "capacity", "slots", "smoothing", "axis"))
def _forward(
    params: LIFLike, events: Packed, *, duration: float, delay: float, capacity: int, smoothing: Smoothing | None,
    slots: int | None = None, axis: str | None = None,
) -> tuple[Any, Kept]:  # fmt: skip
    """Into a pool of so many slots, padded without; with an axis of ``sharded_forward``."""
    watches = smoothing is not None and smoothing.parts != "timing"
    weights = stacked_weights(params)
    batch, real = len(events.count), events.times.dtype
    (of_spikes, *of_ghosts), room = places(batch, capacity, 1 + watches, slots)
    events = events if events.amplitudes is None else without_ghosts(events)
    events_there = events.stored
    samples, neurons, recurrent = jnp.arange(batch), jnp.arange(params.neurons), params.w_rec is not None
    names = own_neurons(params.neurons, axis)
    exact = partial(as_time, dtype=real, fine=is_fine(real, duration))
    end = exact(duration)
    clamps, period = neuron_of(params).clamps, neuron_of(params).period(params)

    def turn(s: _State) -> _State:
        event, sent = events.start + s.e, s.places.slot(s.r)
        t_in = exact(jnp.where(s.e < events_there, take(events.times, event, jnp.inf), jnp.inf))
        t_own = take_time(s.times, sent, jnp.inf).after(delay)
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
                of_spike = jnp.where(released, of_nearest(last), room)
                release = release.at[of_spike].set(of_nearest(i), mode="drop")
                fires &= ~waits
            else:
                after = jnp.where(released[:, None], v - (params.threshold - params.reset), params.reset)
                fires &= ~waits | (of_nearest(v) >= of_nearest(params.threshold))
            left = jnp.where(is_nearest & released[:, None], -1, left - lag[:, None])
            left = jnp.where(is_nearest & fires[:, None], period, left)
            spikes = fires
        where_to, taken = more(s.places, spikes, s.count, s.taken)
        slot = jnp.where(spikes & (s.count < capacity), where_to.slot(s.count), room)  # beyond the last: dropped
        put = lambda array, values: array.at[slot].set(values, mode="drop")  # noqa: E731
        if last is not None:
            last = jnp.where(is_nearest & fires[:, None], slot[:, None], last)
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
            watch = ghosts.note_spikes(watch, is_nearest & fires[:, None], slot, params)
            watch, ghost, taken = ghosts.look(watch, v, begin + lag, ~running, taken, params, smoothing)
            running &= watch.number <= capacity
            times = times._replace(high=times.high.at[ghost.slot].set(ghost.when, mode="drop"))
            units = units.at[ghost.slot].set(ghost.unit, mode="drop")
            current = current.at[ghost.slot].set(ghost.depth, mode="drop")

        from_input = arrives & ~t_own.precedes(t_in)
        from_own = arrives & ~from_input
        unit = jnp.where(from_own, params.inputs + take(s.units, sent, 0), take(events.units, event, 0))
        i += weights.at[jnp.where(arrives, unit, len(weights))].get(mode="fill", fill_value=0)  # no arrival: no row
        stays = ~(goes_on | turns)[:, None]
        soonest = _tangent(v, i, params)
        if left is not None:
            soonest = jnp.where(left >= 0, left, soonest)
        count = s.count + spikes
        return _State(
            v, i, jnp.where(stays, bound, soonest),
            where(arrives, arrival, s.arrived), since, s.e + from_input, s.r + from_own,
            running & (count <= capacity) & (taken <= room // PAGE), times, units, current, where_to, taken, count,
            left, last, release, watch,
        )  # fmt: skip

    zero, none = jnp.zeros((batch, params.neurons), real), jnp.zeros(batch, jnp.int32)
    start = _State(
        zero, zero, jnp.full_like(zero, jnp.inf), exact(zero[:, 0]), zero[:, 0], none, none, samples >= 0,
        exact(jnp.full(room, jnp.inf, real)), jnp.full(room, NO_UNIT, jnp.int32), jnp.zeros(room, real), of_spikes,
        jnp.int32(0), none,
        None if period is None else jnp.full_like(zero, -1),
        jnp.full(zero.shape, room, jnp.int32) if clamps else None, jnp.zeros(room, real) if clamps else None,
        ghosts.start(zero, room, *of_ghosts) if watches else None,
    )  # fmt: skip

    def unfinished(s: _State) -> Array:
        return s.running.any() if s.watch is None else (s.running | s.watch.busy).any()

    start = varying_state(start, ("v", "i", "bound", "current"), (params, events), axis)
    final = lax.while_loop(unfinished, turn, start)
    watch = final.watch
    found = Found(final.times, final.units, final.current, final.release, None if watch is None else watch.margins)
    counts = [final.count] if watch is None else [final.count, watch.number]
    if slots is None:
        return in_rows(found, counts, capacity)
    pages: Any = [final.places] if watch is None else [final.places, watch.places]
    return in_pool(found, pages, counts, final.taken <= room // PAGE, slots)
