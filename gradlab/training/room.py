"""Room for the spikes of the event-driven simulator: it grows when a sample overflows it, up to a limit."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import jax
import numpy as np
from jaxtyping import Array

from solvers import clear_errors
from solvers.fields import LARGEST
from solvers.own_rules import own_rules

from ..networks.network import Network

_HIGHEST_RATE = 500.0  # [Hz] mean rate of a layer beyond which there is no more room
_FIRST_RATE = 20.0  # [Hz] mean rate of a layer that there is room for at first
_ALWAYS = 1024  # spikes that any layer may have: of a few output neurons, only the first spikes may matter
_SHORTEST = 0.1  # [s] duration below which a trial has as much room as this
Result = TypeVar("Result")


class Runaway(Exception):
    """More spikes than any buffer should hold."""


def room_for(spikes: float) -> int:
    """Capacity for so many spikes: a power of two, so that few different programs are compiled."""
    return 1 << math.ceil(math.log2(max(spikes, 128)))


class Room:
    """How many spikes of a sample each spiking layer has room for.

    Attributes:
        capacities: by spiking layer.
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
        if limited and max(self.capacities) > LARGEST:
            raise ValueError(
                f"duration is {network.duration:g} s with layers of {self._sizes} neurons, for whose spikes no array "
                "has room: lower duration or hidden"
            )

    def _spikes(self, rate: float, neurons: int) -> float:
        return rate * neurons * max(self._duration, _SHORTEST)

    def _most(self, neurons: int) -> int:
        return min(max(int(self._spikes(_HIGHEST_RATE, neurons)), _ALWAYS), LARGEST)

    def restore(self, capacities: Sequence[int]) -> None:
        """Take capacities of before.

        Raises:
            ValueError: if they cannot be those of this network.
        """
        most = [self._most(n) for n in self._sizes]
        pairs = zip(capacities, most, strict=True)
        if not all(type(room) is int and 0 < room <= limit for room, limit in pairs):
            raise ValueError(f"capacities are {capacities}, expected up to {most}")
        self.capacities = tuple(capacities)

    def call(
        self, function: Callable[[tuple[int, ...]], Result], largest_of: Callable[[Result], Array], strict: bool = True
    ) -> Result:
        """Call a function with the present room; while a sample overflows it, make more and call again.

        Padding is infinite and what overflows is NaN: JAX's own checks for these are off here. Where a user has
        switched that for NaN on, what fits is computed again with it.

        Args:
            function: of the capacities.
            largest_of: gives the spikes of the busiest sample, by spiking layer, from the function's result.
            strict: whether samples that get no more room are an error; otherwise they overflow in the result.

        Raises:
            ValueError: for impossible events or parameters.
            Runaway: if it is strict, and a layer spikes so much that it gets no more room.
        """
        debugs: bool = jax.config.jax_debug_nans  # type: ignore[attr-defined]
        with clear_errors(), own_rules():
            while True:
                with jax.debug_nans(False):
                    result = function(self.capacities)
                    largest = np.asarray(largest_of(result))
                if not self.limited or (largest <= self.capacities).all():
                    return function(self.capacities) if debugs else result
                if not self._grow(largest, strict):
                    return result

    def _grow(self, largest: np.ndarray, strict: bool) -> bool:
        """More room for the first layer without enough: what the later ones are told of its spikes is not complete.

        Returns:
            False if there is no more for any, and that is no error.
        """
        for layer in np.flatnonzero(largest > self.capacities):
            room, neurons = self.capacities[layer], self._sizes[layer]
            most = self._most(neurons)
            if room < most:
                self.capacities = (*self.capacities[:layer], min(2 * room, most), *self.capacities[layer + 1 :])
                return True
            if strict:
                rate = most / neurons / self._duration
                raise Runaway(
                    f"a layer of {neurons} neurons emits more than {most} spikes in {self._duration:g} s "
                    f"(mean rate above {rate:.0f} Hz): lower the learning rate or the initial weights"
                )
        return False

    def shrink(self, largest: Sequence[float]) -> None:
        """Give back what was not needed for the busiest samples, by spiking layer."""
        if self.limited:
            needed = map(room_for, largest)
            self.capacities = tuple(min(pair) for pair in zip(self.capacities, needed, strict=True))
