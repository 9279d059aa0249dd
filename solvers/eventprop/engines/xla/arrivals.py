"""What both passes need to find their way through the events of a batch."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def take(values: Array, index: Int[Array, " batch"], beyond: Any) -> Array:
    """Of each sample the value at its own index; ``beyond`` outside the array."""
    return jnp.take_along_axis(values, index[:, None], 1, mode="fill", fill_value=beyond)[:, 0]


def arrival_times(spike_times: Float[Array, "*any"], delay: float) -> Float[Array, "*any"]:
    """When spikes arrive at the neurons of their own layer."""
    return spike_times + jnp.asarray(delay, spike_times.dtype)
