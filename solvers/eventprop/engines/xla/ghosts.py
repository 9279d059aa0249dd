"""Ghosts and margins, for a gradient that sees spikes appear and vanish; see ``solvers.smoothing``.

In the forward pass the voltages are looked at whenever the samples go on; in between their maxima are found in closed
form. A turn of the loop puts down one ghost and one margin of each sample; if there are more, the sample stays until
all are down. The backward pass goes ``across_mark``.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt8

from ....events import NO_UNIT, Events, ghost_of
from ....neurons.lif import flow, time_of_maximum
from ....neurons.refractory import LIFLike
from ....smoothing import FAR, PARTS, Smoothing
from ..base import Kept
from .arrivals import take


class Watch(NamedTuple):
    """What is followed of each neuron, and what has been put down.

    Attributes:
        highest: voltage since it rises, -inf if it does not.
        when: that was [s].
        lowest: voltage since it falls.
        taken: what the last spike took from the voltage.
        top: the highest voltage without that, while above the threshold.
        waiting: the spike whose margin is not known, the capacity if there is none.
        margins: of spikes, see ``Kept``.
        times: of ghosts [s].
        units: their neurons.
        depths: their margins [thresholds].
        number: of ghosts; above the capacity if there was no room.
        busy: whether something is still to be put down.
    """

    highest: Float[Array, "batch post"]
    when: Float[Array, "batch post"]
    lowest: Float[Array, "batch post"]
    taken: Float[Array, "batch post"]
    top: Float[Array, "batch post"]
    waiting: Int[Array, "batch post"]
    margins: UInt8[Array, "batch capacity"]
    times: Float[Array, "batch capacity"]
    units: Int[Array, "batch capacity"]
    depths: Float[Array, "batch capacity"]
    number: Int[Array, " batch"]
    busy: Bool[Array, " batch"]


def start(zero: Float[Array, "batch post"], capacity: int) -> Watch:
    """Of neurons at rest."""
    room = (len(zero), capacity)
    none = jnp.full(room, jnp.inf, zero.dtype)
    return Watch(
        zero - jnp.inf, zero, zero, zero, zero, jnp.full(zero.shape, capacity, jnp.int32),
        jnp.full(room, FAR, jnp.uint8), none, jnp.full(room, NO_UNIT, jnp.int32), none,
        jnp.zeros(len(zero), jnp.int32), jnp.zeros(len(zero), bool),
    )  # fmt: skip


def note_peaks(
    s: Watch, v: Array, i: Array, lag: Float[Array, " batch"], now: Float[Array, " batch"], params: LIFLike,
    smoothing: Smoothing,
) -> Watch:  # fmt: skip
    """The maxima during a lag without arrivals or spikes, from the voltages and currents at its begin."""
    lag, now = lag[:, None], now[:, None]

    def peak(v: Array) -> tuple[Array, Array]:
        rises = (i > v) & (i > 0)
        rise = time_of_maximum(jnp.where(rises, v, 0), jnp.where(rises, i, 1), params.tau_mem, params.tau_syn)
        rises &= rise < lag
        rise = jnp.where(rises, rise, 0)
        return rise, jnp.where(rises, flow(v, i, rise, params.tau_mem, params.tau_syn)[0], -jnp.inf)

    rise, highest = peak(v)
    least = jnp.where(s.highest > -jnp.inf, s.highest, s.lowest + smoothing.dip * params.threshold)
    higher = highest > least
    _, top = peak(v + s.taken)
    return s._replace(
        highest=jnp.where(higher, highest, s.highest), when=jnp.where(higher, now + rise, s.when),
        top=jnp.maximum(s.top, top), taken=s.taken * jnp.exp(-lag / params.tau_mem),
    )  # fmt: skip


def note_spikes(s: Watch, here: Bool[Array, "batch post"], number: Int[Array, " batch"], params: LIFLike) -> Watch:
    """Neurons ``here`` spike, and the spikes have this number."""
    put = lambda value, array: jnp.where(here, value, array)  # noqa: E731
    return s._replace(
        highest=put(-jnp.inf, s.highest), lowest=put(params.reset, s.lowest), top=put(params.threshold, s.top),
        taken=put(params.threshold - params.reset, s.taken), waiting=put(number[:, None], s.waiting),
    )  # fmt: skip


def look(
    s: Watch, v: Array, now: Float[Array, " batch"], ended: Bool[Array, " batch"], params: LIFLike, smoothing: Smoothing
) -> Watch:
    """Look at the voltages; put down a margin and a ghost."""
    (samples, neurons), capacity = (jnp.arange(n) for n in v.shape), s.times.shape[1]
    level = jnp.broadcast_to(params.threshold, v.shape)
    ended, now = ended[:, None], now[:, None]

    shadow = v + s.taken
    waits = s.waiting < capacity
    top = jnp.maximum(s.top, shadow)
    # At the spike itself it is the threshold but for rounding.
    vanishes = waits & (ended | (shadow < level * (1 - 16 * jnp.finfo(v.dtype).eps)))
    first = jnp.argmax(vanishes, 1)
    spike = jnp.where(vanishes.any(1), take(s.waiting, first, capacity), capacity)
    margin = take(top / level - 1, first, 0)
    part = jnp.where(margin < smoothing.half_width, PARTS * margin / smoothing.half_width + 0.5, FAR)
    margins = s.margins.at[samples, spike].set(part.astype(jnp.uint8), mode="drop")
    waiting = jnp.where(vanishes & (neurons == first[:, None]), capacity, s.waiting)

    rising = s.highest > -jnp.inf
    lowest = jnp.where(rising, s.lowest, jnp.minimum(s.lowest, v))
    higher = jnp.where(rising, v > s.highest, v > lowest + smoothing.dip * level)
    highest, when = jnp.where(higher, v, s.highest), jnp.where(higher, now, s.when)
    over = (highest > -jnp.inf) & (ended | (v < highest - smoothing.dip * level))
    depth = highest / level - 1
    ghost = over & (depth > -smoothing.half_width)
    one = jnp.argmax(ghost, 1)
    found = ghost.any(1)
    slot = jnp.where(found, s.number, capacity)
    put = lambda array, values: array.at[samples, slot].set(take(values, one, 0), mode="drop")  # noqa: E731
    done = over & (~ghost | (neurons == one[:, None]))
    return s._replace(
        highest=jnp.where(done, -jnp.inf, highest), when=when, lowest=jnp.where(done, v, lowest), top=top,
        waiting=waiting, margins=margins, times=put(s.times, when),
        units=s.units.at[samples, slot].set(ghost_of(one).astype(jnp.int32), mode="drop"),
        depths=put(s.depths, jnp.minimum(depth, 0)), number=s.number + found,
        busy=(vanishes.sum(1) > 1) | (ghost.sum(1) > 1),
    )  # fmt: skip


def merge_ghosts(s: Watch, spikes: Events, kept: Kept) -> tuple[Events, Kept]:
    """Ghosts among the spikes, in order of time; their margins stand for the currents."""
    capacity = spikes.capacity
    order = jnp.argsort(jnp.concatenate([spikes.times, s.times], 1), axis=1, stable=True)[:, :capacity]

    def merged(of_spikes: Array, of_ghosts: Array) -> Array:
        return jnp.take_along_axis(jnp.concatenate([of_spikes, of_ghosts], 1), order, 1)

    count = jnp.minimum(spikes.count + s.number, capacity + 1)
    current = merged(kept.current, jnp.where(s.units < NO_UNIT, s.depths, 0))
    remainder = None if kept.remainder is None else merged(kept.remainder, jnp.zeros_like(s.times))
    return (
        Events(merged(spikes.times, s.times), merged(spikes.units, s.units), count),
        Kept(current, remainder, margin=merged(s.margins, jnp.zeros_like(s.margins))),
    )  # fmt: skip


class Mark(NamedTuple):
    """A spike or ghost of each sample.

    Attributes:
        here: whose it is.
        there: the same, but for ghosts.
        current: see ``Kept``.
        margin: likewise.
        at_amplitude: derivative of the loss with respect to the amplitude.
    """

    here: Bool[Array, "batch post"]
    there: Bool[Array, "batch post"]
    current: Float[Array, "batch 1"]
    margin: UInt8[Array, "batch 1"] | None
    at_amplitude: Float[Array, "batch 1"]


def across_mark(
    p: Float[Array, "batch post"], exact: Float[Array, "batch post"], mark: Mark, at_time: Float[Array, "batch 1"],
    params: LIFLike, smoothing: Smoothing,
) -> tuple[Array, Array]:  # fmt: skip
    """``p`` before it, of which EventProp has ``exact``, and the derivative with respect to the threshold."""
    drop = params.threshold - params.reset
    p_before = p
    if smoothing.parts != "existence":
        least = smoothing.floor * params.threshold
        slow = p + (drop * p - params.tau_mem * at_time) / jnp.where(least > 0, least, 1)
        p_before = jnp.where(mark.there, jnp.where(mark.current - params.threshold < least, slow, exact), p)
    at_threshold = jnp.where(mark.there, -p_before, 0)
    if mark.margin is not None:
        margin = jnp.where(mark.there, mark.margin * (smoothing.half_width / PARTS), mark.current)
        height = jnp.where(mark.there & (mark.margin == FAR), 0, smoothing.height(margin))
        weight = jnp.where(mark.here, height / params.threshold * (mark.at_amplitude - drop * p), 0)
        p_before, at_threshold = p_before + weight, at_threshold - weight * (1 + margin)
    return jnp.where(mark.here, p_before, 0), at_threshold
