"""What is read from events: sums and counts of each unit, counts on a grid."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..own_rules import own_rules
from ..times import nearest_step
from .packed import Packed
from .spikes import NO_UNIT, Events, GridEvents

_AT_ONCE = 32  # samples
_PART, _MOST_PARTS = 2**16, 8  # of a pool: slots, and number


@own_rules()
def to_grid(events: Events, units: int, steps: int, dt: float) -> Float[Array, "*batch steps units"]:
    """Spike counts on a time grid; an event goes to the nearest grid point ``n dt``.

    Differentiable with respect to the amplitudes, if there are any; not to the times.

    Args:
        events: of one sample or of a batch.
        units: number of units; events of others are left out.
        steps: number of grid points; events beyond the last are left out.
        dt: step [s].
    """
    step = nearest_step(events.times, dt, steps * dt)
    inside = events.heard & (step < steps)
    step = jnp.where(inside, step, steps)  # out of range: dropped
    counted = events.weigh(jnp.ones_like(events.times))

    def one(step: Array, unit: Array, counted: Array) -> Array:
        return jnp.zeros((steps, units), events.times.dtype).at[step, unit].add(counted, mode="drop")

    batch = events.times.shape[:-1]
    flat = jax.vmap(one)(*(x.reshape(-1, events.capacity) for x in (step, events.sources, counted)))
    return flat.reshape(*batch, steps, units)


@own_rules()
def unit_sums(events: Events | Packed, units: int, effect: Callable[[Array], Array]) -> Float[Array, "*batch units"]:
    """The sum over each unit's spikes of a function of their times.

    Differentiable with respect to what passes gradients: times of spikes in continuous time, amplitudes on a grid.

    Args:
        events: of one sample or of a batch, or packed.
        units: number of units; spikes of others are left out.
        effect: of spikes, in the shape of their times [s]; a number for each.

    Returns:
        NaN for a sample that had no room for its spikes.
    """
    if isinstance(events, GridEvents):
        sums = jnp.einsum("...n,...nu->...u", effect(events.points(units)), events.spikes(units))
        return jnp.where(events.overflowed[..., None], jnp.nan, sums)

    if isinstance(events, Packed):
        return jax.checkpoint(lambda pool: _packed_sums(pool, units, effect))(events)

    @jax.checkpoint
    def one(sample: Events) -> Array:
        effects = effect(jnp.where(sample.valid, sample.times, 0))
        index = jnp.where(sample.heard, sample.sources, units)
        sums = jnp.zeros(units, effects.dtype).at[index].add(sample.weigh(effects), mode="drop")
        return jnp.where(sample.overflowed, jnp.nan, sums)

    return one(events) if events.times.ndim == 1 else map_samples(one, events)


def _packed_sums(events: Packed, units: int, effect: Callable[[Array], Array]) -> Array:
    def effects(part: Packed) -> Array:
        return part.weigh(effect(jnp.where(part.valid, part.times, 0)))

    sums = _added_up(events, units, lambda part: part.heard, effects)
    return jnp.where(events.overflowed[:, None], jnp.nan, sums)


def _added_up(
    events: Packed, units: int, looked_at: Callable[[Packed], Array], effects: Callable[[Packed], Array]
) -> Array:
    """The sum of effects of events for each unit, a part of the pool at a time, as temporary arrays are large."""
    beyond = len(events.start) * units

    def add(sums: Array, part: Packed) -> tuple[Array, None]:
        sources = part.sources
        index = jnp.where(looked_at(part) & (sources < units), part.samples * units + sources, beyond)
        return sums.at[index].add(jax.checkpoint(effects)(part), mode="drop"), None

    zeros = jnp.zeros(beyond, jax.eval_shape(effects, events).dtype)
    # A loop, as XLA compiles the gradient of parts in one program to one slow pass over all.
    sums, _ = jax.lax.scan(add, zeros, events.parts(min(_MOST_PARTS, -(-events.slots // _PART))))
    return sums.reshape(-1, units)


@own_rules()
def unit_counts(events: Events | Packed, units: int) -> Int[Array, "*batch units"]:
    """Number of spikes of each unit; those of other units are left out."""
    if isinstance(events, Packed):
        return _added_up(events, units, lambda part: part.there, lambda part: jnp.ones_like(part.units))

    def one(sample: Events) -> Array:
        index = jnp.where(sample.there, sample.units, units)
        return jnp.zeros(units, jnp.int32).at[index].add(1, mode="drop")

    if events.times.ndim == 1:
        return one(events)
    return map_samples(one, events)


def without_ghosts(events: Any) -> Any:
    """The spikes among events, padded or packed; the same events if these have no amplitudes."""
    if events.amplitudes is None:
        return events
    if isinstance(events, Packed):
        return _packed_without_ghosts(events)
    # Places by a running sum: with a sort, 32 samples of 4096 events took 20 times as long.
    place = jnp.where(events.there, jnp.cumsum(events.there, -1) - 1, events.capacity)
    sample = tuple(jnp.indices(events.times.shape, sparse=True)[:-1])

    def among(values: Array, empty: float) -> Array:
        return jnp.full_like(values, empty).at[(*sample, place)].set(values, mode="drop")

    times, units = among(events.times, jnp.inf), among(events.units, NO_UNIT)
    count = jnp.where(events.overflowed, events.count, events.there.sum(-1))
    return Events(jnp.where(events.overflowed[..., None], jnp.nan, times), units, count)


def _packed_without_ghosts(events: Packed) -> Packed:
    before = jnp.cumsum(jnp.append(False, events.there), dtype=jnp.int32)
    place = jnp.where(events.there, before[:-1], events.slots)
    first, beyond = (before.at[slot].get(mode="clip") for slot in (events.start, events.start + events.stored))

    def among(values: Array, empty: float) -> Array:
        return jnp.full_like(values, empty).at[place].set(values, mode="drop")

    times, units = among(events.times, jnp.inf), among(events.units, NO_UNIT)
    count = jnp.where(events.overflowed, events.count, beyond - first)
    return Packed(times, units, first, count, events.overflowed, events.capacity)


def map_samples(function: Callable[[Events], Any], events: Events) -> Any:
    """``vmap`` over a batch, some samples at a time, so that temporary arrays do not grow with the batch."""
    return jax.lax.map(function, events, batch_size=_AT_ONCE)
