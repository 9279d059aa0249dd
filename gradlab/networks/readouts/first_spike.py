"""Time of the first spike of each output neuron."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from solvers.bptt import Observer
from solvers.events import Events


class FirstSpike(NamedTuple):
    """Time of each output neuron's first spike (the end of the trial if it has none): the earlier, the larger.

    Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, eq. 7 (time-to-first-spike cross-entropy), without its term
    for early spikes.
    """

    scale: float  # [s]: a spike earlier by this much makes a logit larger by one
    spiking: bool = True

    def from_events(self, params: Any, spikes: Events, units: int, duration: float) -> Array:
        """See ``Readout``."""
        times = jnp.where(spikes.valid, spikes.times, duration)
        mine = spikes.valid[:, None] & (spikes.units[:, None] == jnp.arange(units)[:, None])
        first = jnp.take_along_axis(times, jnp.argmax(mine, -1), 1)
        return -jnp.where(mine.any(-1), first, duration) / self.scale

    def observer(self, params: Any, duration: float) -> Observer:
        """See ``Readout``."""
        return _Survival()

    def from_state(self, params: Any, state: Any, duration: float) -> Array:
        """See ``Readout``."""
        alive, first = state
        return -(first + duration * alive) / self.scale


class _Survival(NamedTuple):
    """First spike time as a sum over all points of ``time * spike * (no spike before)``.

    Surrogate derivatives pass through the products: a spike anywhere ends what would have been survived after it.
    """

    def init(self, batch: int, neurons: int, dtype: Any) -> tuple[Array, Array]:
        return jnp.ones((batch, neurons), dtype), jnp.zeros((batch, neurons), dtype)

    def step(self, state: tuple[Array, Array], spikes: Array, time: Array, lag: Array) -> tuple[Array, Array]:
        alive, first = state
        return alive * (1 - spikes), first + time * spikes * alive
