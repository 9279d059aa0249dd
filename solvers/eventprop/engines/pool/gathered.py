"""The result of the forward pass, from where it put spikes and ghosts: rows of each sample, or a pool without gaps."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped, UInt8

from ....events import NO_UNIT, Events, Packed, StaticInt, in_turn
from ....times import Time
from ..base import Kept
from .places import PAGE, Pages


class Found(NamedTuple):
    """Spikes, and ghosts if they are watched for.

    Attributes:
        times: [s].
        units: their neurons.
        current: see ``Kept``, likewise the following.
        release: see there.
        margins: see there; None without ghosts.
    """

    times: Time
    units: Int[Array, " slots"]
    current: Float[Array, " slots"]
    release: Float[Array, " slots"] | None
    margins: UInt8[Array, " slots"] | None

    def as_kept(self) -> Kept:
        """What is kept beside spikes and ghosts; the latter have margins of 0."""
        margins = None if self.margins is None else jnp.where(self.units < NO_UNIT, 0, self.margins)
        return Kept(self.current, self.times.low, self.release, margins)


def in_rows(found: Found, counts: list[Int[Array, " batch"]], capacity: int) -> tuple[Events, Kept]:
    """Padded, from rows of each kind of events, those of all samples after each other.

    Args:
        found: by the forward pass.
        counts: number of events of each kind.
        capacity: of a sample.
    """
    batch = len(counts[0])
    found = jax.tree.map(lambda x: jnp.moveaxis(x.reshape(-1, batch, capacity), 0, 1).reshape(batch, -1), found)
    if len(counts) > 1:  # in order of time; ghosts come after simultaneous spikes
        order = jnp.argsort(found.times.high, axis=1, stable=True)[:, :capacity]
        found = jax.tree.map(lambda x: jnp.take_along_axis(x, order, 1), found)
    count = jnp.minimum(sum(counts), capacity + 1)
    return Events(found.times.high, found.units, count), found.as_kept()


def in_pool(
    found: Found, places: list[Pages], counts: list[Int[Array, " batch"]], fits: Shaped[Array, ""], slots: int
) -> tuple[Packed, Kept]:
    """Packed, from pages.

    Args:
        found: by the forward pass.
        places: of each kind of events.
        counts: likewise.
        fits: whether there were pages enough.
        slots: of the result.
    """
    capacity = places[0].capacity
    count = jnp.minimum(sum(counts), capacity + 1)
    start, overflowed = in_turn(count, capacity, slots, fits)
    empty = Packed(
        jnp.full(slots, jnp.inf, found.current.dtype), jnp.full(slots, NO_UNIT, jnp.int32), start, count, overflowed,
        StaticInt(capacity),
    )  # fmt: skip
    source = _sources(places[0], empty) if len(places) == 1 else _sorted(found, places, counts, empty)
    used = jnp.arange(slots) < empty.stored.sum()

    def take(values: Array, beyond: float) -> Array:
        return jnp.where(used, values[source], jnp.asarray(beyond, values.dtype))

    kept = jax.tree.map(lambda x: take(x, 0), found.as_kept())
    return empty._replace(times=take(found.times.high, jnp.inf), units=take(found.units, NO_UNIT)), kept


def _sources(places: Pages, spikes: Packed) -> Int[Array, " slots"]:
    """Where the events of each slot of the result are."""
    sample = spikes.samples
    number = jnp.arange(spikes.slots, dtype=jnp.int32) - spikes.start[sample]
    page = places.table.at[sample, number // PAGE].get(mode="clip")
    return page * PAGE + number % PAGE


def _sorted(
    found: Found, places: list[Pages], counts: list[Int[Array, " batch"]], spikes: Packed
) -> Int[Array, " slots"]:
    """The same, of several kinds of events: in each sample in order of time."""
    batch, pages = len(spikes.count), len(found.units) // PAGE
    owner = jnp.full(pages, batch)
    for each, count in zip(places, counts, strict=True):
        taken = jnp.arange(each.table.shape[1]) < -(-count // PAGE)[:, None]
        owner = owner.at[jnp.where(taken, each.table, pages)].set(jnp.arange(batch)[:, None], mode="drop")
    sample = jnp.repeat(owner, PAGE)
    there = (found.times.high < jnp.inf) & ~spikes.overflowed.at[sample].get(mode="fill", fill_value=True)
    order = jnp.lexsort((found.units < NO_UNIT, found.times.high, jnp.where(there, sample, batch)))
    return order[: spikes.slots].astype(jnp.int32)
