"""What the backward pass must know of refractory periods: what follows which spike, and when."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ....events import Packed
from ....times import Time


def previous_spikes(spikes: Packed, neurons: int) -> Int[Array, " slots"]:
    """Slot of the spike of the same neuron before each; beyond the last one if there is none."""
    key = spikes.samples * (neurons + 1) + spikes.units + 1
    order = jnp.argsort(key, stable=True)
    same = key[order][1:] == key[order][:-1]
    before = jnp.pad(jnp.where(same, order[:-1], spikes.slots), (1, 0), constant_values=spikes.slots)
    return jnp.zeros_like(spikes.units).at[order].set(before.astype(spikes.units.dtype))


def releases(times: Time, spikes: Packed, period: Float[Array, "*neurons"]) -> tuple[Time, Int[Array, " slots"]]:
    """When clamps end, in order in each sample's slots, and the slot of the spike after which each began.

    Args:
        times: of the spikes [s], infinite where there is none.
        spikes: of the batch.
        period: refractory period [s].
    """
    ends = times.after(jnp.broadcast_to(period, spikes.units.shape) if period.ndim == 0 else period[spikes.units])
    keys = (ends.high,) if ends.low is None else (ends.low, ends.high)
    order = jnp.lexsort((*keys, spikes.samples))
    return Time(ends.high[order], None if ends.low is None else ends.low[order]), order
