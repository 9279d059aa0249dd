"""What both passes need to find their way through the events of a batch, which lie in one pool."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Int

from ....times import Time


def take(values: Array, slot: Int[Array, " batch"], beyond: Any) -> Array:
    """The values in these slots; ``beyond`` in those after the last. What is before the first does not matter."""
    if not len(values):
        return jnp.full(slot.shape, beyond, values.dtype)
    return values.at[slot].get(mode="fill", fill_value=beyond)


def take_time(times: Time, slot: Int[Array, " batch"], beyond: float) -> Time:
    """The same of times."""
    return Time(take(times.high, slot, beyond), None if times.low is None else take(times.low, slot, 0))
