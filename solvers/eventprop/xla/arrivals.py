"""What both passes need to find their way through the events of a batch."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from ...events import Events
from ...lif import LIFParams
from ..host_call import host_call
from ..wrong_input import BAD_CONSTANT, BAD_UNIT, UNSORTED, refuse_wrong


def check(params: LIFParams, events: Events) -> Int[Array, " batch"]:
    """The number of events of each sample, or what is wrong with it; on the CPU that raises ValueError."""
    before = jnp.pad(events.times[:, :-1], ((0, 0), (1, 0)))
    unsorted = events.valid & ~(events.times >= before)
    unknown = events.valid & ((events.units < 0) | (events.units >= params.inputs))
    impossible = [jnp.any(~((tau > 0) & (tau < jnp.inf))) for tau in (params.tau_mem, params.tau_syn)]
    counts = jnp.where(unknown.any(1), BAD_UNIT, events.count)
    counts = jnp.where(unsorted.any(1), UNSORTED, counts)
    counts = jnp.where(impossible[0] | impossible[1], BAD_CONSTANT, counts)
    counts = jnp.where(events.overflowed, events.count, counts)
    return lax.platform_dependent(counts, cpu=lambda x: host_call(_refuse_wrong, [x], x)[0], default=lambda x: x)


def _refuse_wrong(counts: np.ndarray) -> list[np.ndarray]:
    refuse_wrong(counts)
    return [counts]


def take(values: Array, index: Int[Array, " batch"], beyond: Any) -> Array:
    """Of each sample the value at its own index; ``beyond`` outside the array."""
    return jnp.take_along_axis(values, index[:, None], 1, mode="fill", fill_value=beyond)[:, 0]


def arrival_times(spike_times: Float[Array, "*any"], delay: float) -> Float[Array, "*any"]:
    """When spikes arrive at the neurons of their own layer."""
    return spike_times + jnp.asarray(delay, spike_times.dtype)
