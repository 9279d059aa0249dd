"""Room for the spikes of the event-driven simulator: it grows when a sample or a batch overflows it, up to a limit.

The spikes of a batch share a pool. Of these sums the largest is near the mean, so the pool is little larger than what
the spikes need. That of a single sample is only a limit, and mostly takes no memory.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import jax
import numpy as np
from jaxtyping import Array

from solvers import clear_errors
from solvers.fields import LARGEST
from solvers.own_rules import own_rules

from ..methods.base import Capacity
from ..networks.network import Network

_HIGHEST_RATE = 500.0  # [Hz] mean rate of a layer beyond which there is no more room
_FIRST_RATE = 20.0  # [Hz] mean rate of a layer that there is room for at first
_ALWAYS = 1024  # spikes that any layer may have: of a few output neurons, only the first spikes may matter
_SHORTEST = 0.1  # [s] duration below which a trial has as much room as this
_STEPS = 16  # sizes of the pool from one to twice as much
_SPARE = 1.03  # room in the pool over what was seen
_GROWS = 1.06  # at least, as some engines only tell that there was not enough
_KEPT = 1.06  # a pool that is larger than it would be made now by less than that stays: another one is compiled anew
Result = TypeVar("Result")


class Runaway(Exception):
    """More spikes than any buffer should hold."""


def room_for(spikes: float) -> int:
    """Capacity for so many spikes: a power of two, so that few different programs are compiled."""
    return 1 << math.ceil(math.log2(max(spikes, 128)))


def pool_for(spikes: float) -> int:
    """Room in the pool for so many spikes of a sample on the mean, with some to spare; one of few sizes."""
    return math.ceil(2 ** (math.ceil(_STEPS * math.log2(max(_SPARE * spikes, 128))) / _STEPS))


class Room:
    """How many spikes each spiking layer has room for.

    Attributes:
        capacities: of the busiest sample, by spiking layer.
        means: of a sample on the mean over a batch, likewise.
        limited: whether spikes need room at all; otherwise nothing overflows.
    """

    def __init__(self, network: Network, limited: bool):
        """Room for a moderate rate.

        Raises:
            ValueError: if even that is too much for an array.
        """
        self.limited = limited
        self._sizes, self._duration = network.spiking_sizes, network.duration
        self.capacities = tuple(room_for(self._spikes(_FIRST_RATE, n)) for n in self._sizes)
        self.means = self.capacities
        if limited and max(self.capacities) > LARGEST:
            raise ValueError(
                f"duration is {network.duration:g} s with layers of {self._sizes} neurons, for whose spikes no array "
                "has room: lower duration or hidden"
            )

    def _spikes(self, rate: float, neurons: int) -> float:
        return rate * neurons * max(self._duration, _SHORTEST)

    def _most(self, neurons: int) -> int:
        return min(max(int(self._spikes(_HIGHEST_RATE, neurons)), _ALWAYS), LARGEST)

    @property
    def now(self) -> tuple[Capacity, ...]:
        """By spiking layer; no batch needs more than its busiest samples may have."""
        pairs = zip(self.capacities, self.means, strict=True)
        return tuple(Capacity(busiest, min(busiest, mean)) for busiest, mean in pairs)

    def restore(self, capacities: Sequence[int], means: Sequence[int]) -> None:
        """Take those of before.

        Raises:
            ValueError: if they cannot be those of this network.
        """
        most = [self._most(n) for n in self._sizes]
        for kind, values in (("capacities", capacities), ("means", means)):
            pairs = zip(values, most, strict=True)
            if not all(type(room) is int and 0 < room <= limit for room, limit in pairs):
                raise ValueError(f"{kind} are {values}, expected up to {most}")
        self.capacities, self.means = tuple(capacities), tuple(means)

    def call(
        self, function: Callable[[tuple[Capacity, ...]], Result], needed_by: Callable[[Result], Array],
        strict: bool = True,
    ) -> Result:  # fmt: skip
        """Call a function with the present room; while a sample or a batch overflows it, make more and call again.

        Padding is infinite and what overflows is NaN: JAX's own checks for these are off here. Where a user has
        switched that for NaN on, what fits is computed again with it.

        Args:
            function: of the room of each layer.
            needed_by: gives the spikes of the busiest sample, and of one on the mean over the batch, by spiking layer,
                from the function's result: ``Output.needed``.
            strict: whether samples that get no more room are an error; otherwise they overflow in the result.

        Raises:
            ValueError: for impossible events or parameters.
            Runaway: if it is strict, and a layer spikes so much that it gets no more room.
        """
        debugs: bool = jax.config.jax_debug_nans  # type: ignore[attr-defined]
        with clear_errors(), own_rules():
            while True:
                with jax.debug_nans(False):
                    result = function(self.now)
                    needed = np.asarray(needed_by(result))
                if not self.limited or (needed <= (self.capacities, self.means)).all():
                    return function(self.now) if debugs else result
                if not self._grow(needed, strict):
                    return result

    def _grow(self, needed: np.ndarray, strict: bool) -> bool:
        """More room for the first layer without enough: what the later ones are told of its spikes is not complete.

        Returns:
            False if there is no more for any, and that is no error.
        """
        for layer in map(int, np.flatnonzero((needed > (self.capacities, self.means)).any(0))):
            (busiest, mean), neurons = needed[:, layer], self._sizes[layer]
            room, pool, most = self.capacities[layer], self.means[layer], self._most(neurons)
            if busiest > room and room < most:
                self.capacities = _with(self.capacities, layer, min(2 * room, most))
                return True
            if busiest > room and strict:
                rate = most / neurons / self._duration
                raise Runaway(
                    f"a layer of {neurons} neurons emits more than {most} spikes in {self._duration:g} s "
                    f"(mean rate above {rate:.0f} Hz): lower the learning rate or the initial weights"
                )
            if mean > pool and pool < most:
                self.means = _with(self.means, layer, min(pool_for(max(float(mean), _GROWS * pool)), most))
                return True
        return False

    def shrink(self, needed: Sequence[Sequence[float]]) -> None:
        """Give back what was not needed for the busiest samples and batches, see ``call``."""
        if self.limited:
            capacities = map(room_for, needed[0])
            self.capacities = tuple(min(pair) for pair in zip(self.capacities, capacities, strict=True))
            pools = zip(self.means, map(pool_for, needed[1]), strict=True)
            self.means = tuple(mean if mean < _KEPT * pool else pool for mean, pool in pools)


def _with(values: tuple[int, ...], place: int, value: int) -> tuple[int, ...]:
    return (*values[:place], value, *values[place + 1 :])
