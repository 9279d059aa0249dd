"""Spike events as padded arrays: one pytree for the input of a layer and for its output."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .own_rules import own_rules
from .times import nearest_step

_AT_ONCE = 32  # samples
NO_UNIT = -1  # the unit of a padding entry; its time is infinity


class Events(NamedTuple):
    """Spikes of one sample or of a batch, in order of time; a JAX pytree.

    Room beyond ``count`` is padded with ``times = inf`` and ``units = -1``. Simultaneous events keep the order in
    which they stand; arrivals at the same instant all act on the current at that instant.

    Times are as fine as their type: in float32 they are rounded to 6e-8 s at 1 s, to 6e-5 s at 1000 s and to 8e-3 s at
    65536 s. Longer recordings need float64 (``jax_enable_x64``), or to be cut.

    With a smoothed gradient (``solvers.eventprop.Smoothing``) there are *ghosts* among the spikes, maxima of a voltage
    below the threshold: events of amplitude 0, which have no effect, but a derivative with respect to the amplitude.
    What reads the events has to ``weigh`` their effects; the unit of a ghost is ``ghost_of`` the neuron's index.

    Attributes:
        times: [s], ascending.
        units: index of the spiking unit.
        count: number of events; above the capacity if the buffer was too small (then ``times`` is NaN).
        amplitudes: 1 of spikes, 0 of ghosts; None without a smoothed gradient.
    """

    times: Float[Array, "*batch capacity"]
    units: Int[Array, "*batch capacity"]
    count: Int[Array, "*batch"]  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    amplitudes: Float[Array, "*batch capacity"] | None = None

    @property
    def capacity(self) -> int:
        """Room for events in each sample."""
        return self.times.shape[-1]

    @property
    @own_rules()
    def valid(self) -> Bool[Array, "*batch capacity"]:
        """True for events, False for padding."""
        return jnp.arange(self.capacity) < self.count[..., None]

    @property
    @own_rules()
    def there(self) -> Bool[Array, "*batch capacity"]:
        """True for spikes, False for ghosts and padding."""
        return self.valid & (self.units >= 0)

    @property
    @own_rules()
    def heard(self) -> Bool[Array, "*batch capacity"]:
        """True for what has an effect or could have one: spikes, and ghosts if there are amplitudes."""
        return self.there if self.amplitudes is None else self.valid & (self.units != NO_UNIT)

    @property
    @own_rules()
    def sources(self) -> Int[Array, "*batch capacity"]:
        """Index of the unit of spikes and ghosts alike."""
        return jnp.where(self.units < NO_UNIT, ghost_of(self.units), self.units)

    def weigh(self, effects: Float[Array, "*batch capacity"]) -> Float[Array, "*batch capacity"]:
        """The effects of events, 0 of ghosts, differentiable with respect to the amplitudes."""
        return effects if self.amplitudes is None else _weigh(effects, self.units >= 0, self.amplitudes)

    @property
    def overflowed(self) -> Bool[Array, "*batch"]:
        """True where there were more spikes than room: nothing of that sample may be used."""
        return self.count > self.capacity


class GridEvents(Events):
    """All points of a time grid as events, step by step and in each step neuron by neuron: spikes, and ghosts between.

    What a layer on a time grid gives. Surrogate gradients pass the amplitudes, also those of points without a spike.
    """

    __slots__ = ()

    def spikes(self, units: int) -> Float[Array, "*batch steps units"]:
        """1 where a unit spikes, otherwise 0, at each point of the grid."""
        assert self.amplitudes is not None
        return self.amplitudes.reshape(*self.amplitudes.shape[:-1], -1, units)

    def points(self, units: int) -> Float[Array, "*batch steps"]:
        """Times of the grid [s]."""
        return self.times[..., ::units]


def ghost_of(units: Any) -> Any:
    """The unit of a ghost of a neuron, and the neuron of a ghost's unit."""
    return NO_UNIT - 1 - units


@jax.custom_jvp
def _weigh(effects: Array, there: Array, amplitudes: Array) -> Array:
    return jnp.where(there, effects, 0)


@_weigh.defjvp
def _weigh_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    # Without the amplitudes themselves, which would have to be kept for the backward pass.
    effects, there, _ = primals
    return jnp.where(there, effects, 0), jnp.where(there, tangents[0], 0) + effects * tangents[2]


@own_rules()
def pad_events(samples: Sequence[tuple[Any, Any]], capacity: int | None = None, dtype: Any = None) -> Events:
    """A batch from ragged samples, each sorted by time (stable, so ties keep their order).

    Args:
        samples: ``(times [s], units)`` of each sample, arrays or lists.
        capacity: room for events in each sample; by default that of the longest.
        dtype: floating-point type of the times; by default JAX's.

    Raises:
        ValueError: if a sample's times and units differ in length, a time is not finite, a unit is not a whole number
            that 32 bits hold, or a sample does not fit.
    """
    longest = max((len(times) for times, _ in samples), default=0)
    capacity = longest if capacity is None else capacity
    if longest > capacity:
        raise ValueError(f"a sample has {longest} events, but capacity is {capacity}: raise the capacity")
    dtype = jax.dtypes.canonicalize_dtype(float) if dtype is None else dtype
    all_times = np.full((len(samples), capacity), np.inf, dtype)
    all_units = np.full((len(samples), capacity), NO_UNIT, np.int32)
    for row, (times, units) in enumerate(samples):
        if len(times) != len(units):
            raise ValueError(f"sample {row} has {len(times)} times but {len(units)} units: give one unit for each time")
        if not np.all(np.isfinite(times)):
            raise ValueError(f"sample {row} has a time that is not finite: remove it")
        with np.errstate(invalid="ignore"):
            whole = np.asarray(units).astype(np.int32)
        if not np.array_equal(whole, units):
            raise ValueError(f"sample {row} has a unit that is no index: give whole numbers from 0 on")
        order = np.argsort(times, kind="stable")
        all_times[row, : len(times)] = np.asarray(times, dtype)[order]
        all_units[row, : len(times)] = whole[order]
    count = np.array([len(times) for times, _ in samples], np.int32)
    return Events(jnp.asarray(all_times), jnp.asarray(all_units), jnp.asarray(count))


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
def unit_sums(events: Events, units: int, effect: Callable[[Array], Array]) -> Float[Array, "*batch units"]:
    """The sum over each unit's spikes of a function of their times.

    Differentiable with respect to what passes gradients: times of spikes in continuous time, amplitudes on a grid.

    Args:
        events: of one sample or of a batch.
        units: number of units; spikes of others are left out.
        effect: of spikes, in the shape of their times [s]; a number for each.

    Returns:
        NaN for a sample that had no room for its spikes.
    """
    if isinstance(events, GridEvents):
        sums = jnp.einsum("...n,...nu->...u", effect(events.points(units)), events.spikes(units))
        return jnp.where(events.overflowed[..., None], jnp.nan, sums)

    @jax.checkpoint
    def one(sample: Events) -> Array:
        effects = effect(jnp.where(sample.valid, sample.times, 0))
        index = jnp.where(sample.heard, sample.sources, units)
        sums = jnp.zeros(units, effects.dtype).at[index].add(sample.weigh(effects), mode="drop")
        return jnp.where(sample.overflowed, jnp.nan, sums)

    return one(events) if events.times.ndim == 1 else map_samples(one, events)


@own_rules()
def unit_counts(events: Events, units: int) -> Int[Array, "*batch units"]:
    """Number of spikes of each unit; those of other units are left out."""

    def one(sample: Events) -> Array:
        index = jnp.where(sample.there, sample.units, units)
        return jnp.zeros(units, jnp.int32).at[index].add(1, mode="drop")

    if events.times.ndim == 1:
        return one(events)
    return map_samples(one, events)


def without_ghosts(events: Events) -> Events:
    """The spikes among events; the same events if these have no amplitudes."""
    if events.amplitudes is None:
        return events
    # Places by a running sum: with a sort, 32 samples of 4096 events took 20 times as long.
    place = jnp.where(events.there, jnp.cumsum(events.there, -1) - 1, events.capacity)
    sample = tuple(jnp.indices(events.times.shape, sparse=True)[:-1])

    def among(values: Array, empty: float) -> Array:
        return jnp.full_like(values, empty).at[(*sample, place)].set(values, mode="drop")

    times, units = among(events.times, jnp.inf), among(events.units, NO_UNIT)
    count = jnp.where(events.overflowed, events.count, events.there.sum(-1))
    return Events(jnp.where(events.overflowed[..., None], jnp.nan, times), units, count)


def map_samples(function: Callable[[Events], Any], events: Events) -> Any:
    """``vmap`` over a batch, some samples at a time, so that temporary arrays do not grow with the batch."""
    return jax.lax.map(function, events, batch_size=_AT_ONCE)
