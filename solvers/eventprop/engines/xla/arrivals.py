"""What both passes need to find their way through the events of a batch."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Int

from ....times import Time


def take(values: Array, index: Int[Array, " batch"], beyond: Any) -> Array:
    """Of each sample the value at its own index; ``beyond`` outside the array."""
    return jnp.take_along_axis(values, index[:, None], 1, mode="fill", fill_value=beyond)[:, 0]


def take_time(times: Time, index: Int[Array, " batch"], beyond: float) -> Time:
    """The same of times."""
    return Time(take(times.high, index, beyond), None if times.low is None else take(times.low, index, 0))
