"""Spike events as padded arrays: one pytree for the input of a layer and for its output."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ..own_rules import own_rules

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
        return effects if self.amplitudes is None else weigh(effects, self.units >= 0, self.amplitudes)

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
def weigh(effects: Array, there: Array, amplitudes: Array) -> Array:
    """See ``Events.weigh``."""
    return jnp.where(there, effects, 0)


@weigh.defjvp
def _weigh_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    # Without the amplitudes themselves, which would have to be kept for the backward pass.
    effects, there, _ = primals
    return jnp.where(there, effects, 0), jnp.where(there, tangents[0], 0) + effects * tangents[2]
