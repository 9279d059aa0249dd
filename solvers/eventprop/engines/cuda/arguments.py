"""What the kernels are given beside the events: sizes, times, and the layer."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ....events import Packed
from ....neurons.lif import LIFParams
from ....times import as_time
from ..stacking import constants_of, stacked_weights

SHORT, GRID = 0.2, 2.0**-20  # as in ``numba/kernels/flow.py`` and ``arrivals.py``
_WARP, _LARGEST_BLOCK = 32, 512  # threads; the latter as in ``kernels/layer.cuh``
_MOST_BITS = 40  # behind the point, see ``kernels/fixed_point.cuh``; a float has 24


def grid(batch: int, neurons: int) -> tuple[int, int]:
    """Number of thread blocks, one for each sample, and of threads in each: one for a neuron, in whole warps."""
    return max(batch, 1), min(-(-neurons // _WARP) * _WARP, _LARGEST_BLOCK)


def layer_arrays(params: LIFParams) -> tuple[Array, ...]:
    """Stacked weights, and constants of each neuron."""
    return stacked_weights(params), *(jnp.broadcast_to(x, (params.neurons,)) for x in constants_of(params))


def events_arrays(events: Packed) -> tuple[Array, ...]:
    """Times, units, and of each sample the first slot and the number of its events."""
    return events.times, events.units, events.start, events.stored


def sizes(
    params: LIFParams, events: Packed, capacity: int, *, exact: bool, pages: int = 0, trains_tau: bool = False,
    wants_times: bool = False, resets_move: bool = True,
) -> Int[Array, " entries"]:  # fmt: skip
    """``Sizes`` in ``kernels/layer.cuh``."""
    batch = len(events.count)
    arrivals = max(2, batch * (events.capacity + capacity))
    bits = min(_MOST_BITS, 62 - math.ceil(math.log2(arrivals)))
    shared = params.tau_mem.ndim == params.tau_syn.ndim == 0
    entries = batch, params.neurons, params.inputs, capacity, pages, params.w_rec is not None, shared, exact
    return jnp.array([*entries, trains_tau, wants_times, resets_move, bits], jnp.int32)


def clock(params: LIFParams, duration: float, delay: float) -> Float[Array, " entries"]:
    """``Clock``, likewise."""
    pairs: list[Any] = [x for seconds in (duration, delay) for x in as_time(seconds, np.float32, fine=False)]
    return jnp.stack([*pairs, _block_length(params, delay)])


def _block_length(params: LIFParams, delay: float) -> Float[Array, ""]:
    """As ``numba/kernels/arrivals.py`` has it [s]."""

    def exact(length: Array) -> Array:
        return jnp.where(length >= 64 * GRID, jnp.floor(length / GRID) * GRID, length)

    longest = exact(SHORT * jnp.minimum(params.tau_mem.min(), params.tau_syn.min()))
    return jnp.where(delay >= longest / 8, exact(jnp.minimum(longest, delay)), longest / 4)
