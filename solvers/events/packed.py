"""Spikes of a batch in one pool, one sample after the other: room for as many as there are, whoever has them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped

from ..fields import LARGEST
from ..own_rules import own_rules
from .spikes import NO_UNIT, Events, ghost_of, weigh


@jax.tree_util.register_static
class StaticInt(int):
    """A number that is part of a pytree's structure."""


class Packed(NamedTuple):
    """Spikes of a batch in one pool, each sample's in order of time; a JAX pytree.

    The pool is shared: a busy sample takes more of it. Slots of no sample are padded with ``times = inf`` and
    ``units = -1``. Ghosts and amplitudes are as in ``Events``.

    Attributes:
        times: [s].
        units: index of the spiking unit.
        start: first slot of each sample, ascending.
        count: number of events of each sample; above the capacity if there are more.
        overflowed: True where a sample, or the whole pool, had no room: the sample has no slots.
        capacity: of a sample.
        amplitudes: 1 of spikes, 0 of ghosts; None without a smoothed gradient.
    """

    times: Float[Array, " slots"]
    units: Int[Array, " slots"]
    start: Int[Array, " batch"]
    count: Int[Array, " batch"]  # type: ignore[assignment]  # hides tuple.count
    overflowed: Bool[Array, " batch"]
    capacity: StaticInt
    amplitudes: Float[Array, " slots"] | None = None

    @property
    def slots(self) -> int:
        """Room in the pool."""
        return self.times.shape[-1]

    @property
    def stored(self) -> Int[Array, " batch"]:
        """Slots of each sample."""
        return jnp.where(self.overflowed, 0, self.count)

    @property
    def valid(self) -> Bool[Array, " slots"]:
        """True for events, False for padding."""
        return self.units != NO_UNIT

    @property
    def there(self) -> Bool[Array, " slots"]:
        """True for spikes, False for ghosts and padding."""
        return self.units >= 0

    @property
    def heard(self) -> Bool[Array, " slots"]:
        """True for what has an effect or could have one: spikes, and ghosts if there are amplitudes."""
        return self.there if self.amplitudes is None else self.valid

    @property
    def sources(self) -> Int[Array, " slots"]:
        """Index of the unit of spikes and ghosts alike."""
        return jnp.where(self.units < NO_UNIT, ghost_of(self.units), self.units)

    @property
    @own_rules()
    def samples(self) -> Int[Array, " slots"]:
        """Which sample each slot belongs to; padding has one of any."""
        batch, slot = len(self.start), jnp.arange(self.slots, dtype=self.start.dtype)
        sample = jnp.zeros(self.slots, jnp.int32)
        for power in reversed(range(max(batch - 1, 0).bit_length())):  # the last one that does not start later
            later = sample + 2**power
            begun = (later < batch) & (self.start.at[later].get(mode="clip") <= slot)
            sample = jnp.where(begun, later, sample)
        return sample

    def parts(self, number: int) -> "Packed":
        """The slots in so many parts, one at least, stacked; in each, samples start where they do in the whole."""
        number = max(number, 1)
        size = -(-self.slots // number)

        def stacked(values: Any, empty: float) -> Any:
            padding = 0, number * size - self.slots
            return jnp.pad(values, padding, constant_values=empty).reshape(number, size)

        begin = size * jnp.arange(number, dtype=self.start.dtype)
        count, overflowed = (jnp.broadcast_to(x, (number, *x.shape)) for x in (self.count, self.overflowed))
        return self._replace(
            times=stacked(self.times, jnp.inf), units=stacked(self.units, NO_UNIT), start=self.start - begin[:, None],
            count=count, overflowed=overflowed,
            amplitudes=None if self.amplitudes is None else stacked(self.amplitudes, 0),
        )  # fmt: skip

    @own_rules()
    def weigh(self, effects: Float[Array, " slots"]) -> Float[Array, " slots"]:
        """See ``Events``."""
        return effects if self.amplitudes is None else weigh(effects, self.there, self.amplitudes)

    @property
    @own_rules()
    def places(self) -> Int[Array, "batch capacity"]:
        """Slot of each sample's events; beyond the last one where it has no more."""
        place = jnp.arange(self.capacity, dtype=jnp.int32)
        return jnp.where(place < self.stored[:, None], self.start[:, None] + place, self.slots)

    @own_rules()
    def row_of(self, values: Shaped[Array, " slots"], empty: float) -> Shaped[Array, "batch capacity"]:
        """Numbers of each event, padded to the capacity of a sample."""
        return values.at[self.places].get(mode="fill", fill_value=empty)

    @own_rules()
    def rows(self) -> Events:
        """The same, padded to the capacity of a sample; differentiable. A sample without room has times NaN."""
        times = jnp.where(self.overflowed[:, None], jnp.nan, self.row_of(self.times, jnp.inf))
        count = jnp.where(self.overflowed, self.capacity + 1, self.count)
        amplitudes = None if self.amplitudes is None else self.row_of(self.amplitudes, 0)
        return Events(times, self.row_of(self.units, NO_UNIT), count, amplitudes)

    @own_rules()
    def of_rows(self, values: Shaped[Array, "batch capacity"]) -> Shaped[Array, " slots"]:
        """Numbers of each event, from padded ones; 0 for padding."""
        return jnp.zeros(self.slots, values.dtype).at[self.places].set(values, mode="drop")


def rows_of(events: Events | Packed) -> Events:
    """Padded events, of these or of those in a pool."""
    return events if isinstance(events, Events) else events.rows()


def require_places(slots: int) -> int:
    """How many slots a pool has, if they can be counted.

    Raises:
        ValueError: for more than an index has room for.
    """
    if slots > LARGEST:
        raise ValueError(
            f"a batch has room for {slots:,} events, expected at most {LARGEST:,}, which JAX can index: take fewer or "
            "shorter samples at a time"
        )
    return slots


@own_rules()
def packed_rows(events: Events) -> Packed:
    """Padded events as a pool with gaps: the same numbers, not copies. Samples without room have no events there.

    Raises:
        ValueError: for more slots than an index has room for.
    """
    batch, capacity = events.times.shape
    require_places(batch * capacity)
    start = capacity * jnp.arange(batch, dtype=jnp.int32)
    count = jnp.where(events.overflowed, 0, events.count)
    times, units, amplitudes = jax.tree.map(jnp.ravel, (events.times, events.units, events.amplitudes))
    return Packed(times, units, start, count, events.overflowed, StaticInt(capacity), amplitudes)


@own_rules()
def packed(events: Events, slots: int) -> Packed:
    """Padded events in a pool of so many slots; if they do not fit, all samples are without room."""
    start, overflowed = in_turn(events.count, events.capacity, slots)
    empty = jnp.zeros(slots, events.times.dtype)
    size = StaticInt(events.capacity)
    pool = Packed(empty, empty.astype(jnp.int32), start, events.count, overflowed, size)
    used = jnp.arange(slots) < pool.stored.sum()
    times, units = (jnp.where(used, pool.of_rows(x), e) for x, e in ((events.times, jnp.inf), (events.units, NO_UNIT)))
    return pool._replace(times=times, units=units)


@own_rules()
def in_turn(
    count: Int[Array, " batch"], capacity: int, slots: int, fits: Any = True
) -> tuple[Int[Array, " batch"], Bool[Array, " batch"]]:
    """Where each sample starts in a pool, and which have no room there.

    Args:
        count: number of events of each sample.
        capacity: of a sample.
        slots: of the pool.
        fits: False if it is known that they do not fit.
    """
    stored = jnp.where(count > capacity, 0, count)
    overflowed = (count > capacity) | ~(jnp.asarray(fits) & (stored.sum() <= slots))
    stored = jnp.where(overflowed, 0, stored)
    before = jnp.tril(jnp.ones((len(count),) * 2, count.dtype), -1)  # a running sum takes a GPU longer
    return jnp.sum(before * stored, 1, dtype=count.dtype), overflowed
