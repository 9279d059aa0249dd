"""Ghosts and margins, for a gradient that sees spikes appear and vanish; see ``solvers.smoothing``.

In the forward pass the voltages are looked at whenever the samples go on; in between their maxima are found in closed
form. A turn of the loop puts down one ghost and one margin of each sample; if there are more, the sample stays until
all are down. The backward pass goes ``across_mark``.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt8

from ....events import ghost_of
from ....neurons.lif import flow, time_of_maximum
from ....neurons.refractory import LIFLike
from ....smoothing import FAR, PARTS, Smoothing
from ..pool import Places, more


class Watch(NamedTuple):
    """What is followed of each neuron, and what has been put down.

    Attributes:
        highest: voltage since it rises, -inf if it does not.
        when: that was [s].
        lowest: voltage since it falls.
        taken: what the last spike took from the voltage.
        top: the highest voltage without that, while above the threshold.
        waiting: slot of the spike whose margin is not known, beyond the last one if there is none.
        margins: of spikes, see ``Kept``.
        places: of ghosts.
        number: of ghosts; above the capacity if there was no room.
        busy: whether something is still to be put down.
    """

    highest: Float[Array, "batch post"]
    when: Float[Array, "batch post"]
    lowest: Float[Array, "batch post"]
    taken: Float[Array, "batch post"]
    top: Float[Array, "batch post"]
    waiting: Int[Array, "batch post"]
    margins: UInt8[Array, " slots"]
    places: Places
    number: Int[Array, " batch"]
    busy: Bool[Array, " batch"]


class Ghost(NamedTuple):
    """A ghost of each sample.

    Attributes:
        slot: where it is to be put, beyond the last one if there is none.
        when: the voltage was highest [s].
        unit: of the ghost.
        depth: its margin [thresholds].
    """

    slot: Int[Array, " batch"]
    when: Float[Array, " batch"]
    unit: Int[Array, " batch"]
    depth: Float[Array, " batch"]


def start(zero: Float[Array, "batch post"], slots: int, places: Places) -> Watch:
    """Of neurons at rest."""
    return Watch(
        zero - jnp.inf, zero, zero, zero, zero, jnp.full(zero.shape, slots, jnp.int32),
        jnp.full(slots, FAR, jnp.uint8), places, jnp.zeros(len(zero), jnp.int32), jnp.zeros(len(zero), bool),
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


def note_spikes(s: Watch, here: Bool[Array, "batch post"], slot: Int[Array, " batch"], params: LIFLike) -> Watch:
    """Neurons ``here`` spike, and the spikes have these slots."""
    put = lambda value, array: jnp.where(here, value, array)  # noqa: E731
    return s._replace(
        highest=put(-jnp.inf, s.highest), lowest=put(params.reset, s.lowest), top=put(params.threshold, s.top),
        taken=put(params.threshold - params.reset, s.taken), waiting=put(slot[:, None], s.waiting),
    )  # fmt: skip


def look(
    s: Watch, v: Array, now: Float[Array, " batch"], ended: Bool[Array, " batch"], taken: Int[Array, ""],
    params: LIFLike, smoothing: Smoothing,
) -> tuple[Watch, Ghost, Int[Array, ""]]:  # fmt: skip
    """Look at the voltages; put down a margin, and tell which ghost to put where, and how many pages are taken then."""
    neurons, slots = jnp.arange(v.shape[1]), len(s.margins)
    level = jnp.broadcast_to(params.threshold, v.shape)
    ended, now = ended[:, None], now[:, None]

    shadow = v + s.taken
    waits = s.waiting < slots
    top = jnp.maximum(s.top, shadow)
    # At the spike itself it is the threshold but for rounding.
    vanishes = waits & (ended | (shadow < level * (1 - 16 * jnp.finfo(v.dtype).eps)))
    first = jnp.argmax(vanishes, 1)
    spike = jnp.where(vanishes.any(1), of_neuron(s.waiting, first), slots)
    margin = of_neuron(top / level - 1, first)
    part = jnp.where(margin < smoothing.half_width, PARTS * margin / smoothing.half_width + 0.5, FAR)
    margins = s.margins.at[spike].set(part.astype(jnp.uint8), mode="drop")
    waiting = jnp.where(vanishes & (neurons == first[:, None]), slots, s.waiting)

    rising = s.highest > -jnp.inf
    lowest = jnp.where(rising, s.lowest, jnp.minimum(s.lowest, v))
    higher = jnp.where(rising, v > s.highest, v > lowest + smoothing.dip * level)
    highest, when = jnp.where(higher, v, s.highest), jnp.where(higher, now, s.when)
    over = (highest > -jnp.inf) & (ended | (v < highest - smoothing.dip * level))
    depth = highest / level - 1
    ghost = over & (depth > -smoothing.half_width)
    one = jnp.argmax(ghost, 1)
    found = ghost.any(1)
    places, taken = more(s.places, found, s.number, taken)
    slot = jnp.where(found & (s.number < places.capacity), places.slot(s.number), slots)
    done = over & (~ghost | (neurons == one[:, None]))
    after = s._replace(
        highest=jnp.where(done, -jnp.inf, highest), when=when, lowest=jnp.where(done, v, lowest), top=top,
        waiting=waiting, margins=margins, places=places, number=s.number + found,
        busy=(vanishes.sum(1) > 1) | (ghost.sum(1) > 1),
    )  # fmt: skip
    unit = ghost_of(one).astype(jnp.int32)
    return after, Ghost(slot, of_neuron(when, one), unit, jnp.minimum(of_neuron(depth, one), 0)), taken


def of_neuron(values: Shaped[Array, "batch post"], index: Int[Array, " batch"]) -> Shaped[Array, " batch"]:
    """The value of one neuron of each sample."""
    return jnp.take_along_axis(values, index[:, None], 1)[:, 0]


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
