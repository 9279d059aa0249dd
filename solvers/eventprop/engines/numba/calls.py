"""How the kernels are called back from compiled JAX code: what they take, and the threads over which samples go."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import numba
from jaxtyping import Array

from ....delays import delays_of
from ....events import Packed
from ....neurons import neuron_of
from ....neurons.refractory import LIFLike
from ..stacking import stacked_weights


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="eventprop-kernel")


def threads_for(batch: int) -> int:
    """Threads for so many samples."""
    return max(1, min(numba.get_num_threads(), batch))


def spread(kernel: Callable[[int, int], None], threads: int) -> None:
    """Run ``kernel(first, stride)`` for samples first, first + stride, ... on each thread.

    Which thread takes which sample does not depend on timing, so sums over samples are reproducible.
    """
    if threads == 1:
        kernel(0, 1)
    else:
        for done in [_pool(threads).submit(kernel, first, threads) for first in range(threads)]:
            done.result()


def kernel_arguments(params: LIFLike, events: Packed) -> tuple[Any, ...]:
    """Arrays that both kernels take first: one stacked weight matrix, constants of each neuron, events."""
    constants = params.tau_mem, params.tau_syn, params.threshold, params.reset
    each = [jnp.broadcast_to(x, (params.neurons,)) for x in constants]
    return stacked_weights(params), *each, events.times, events.units, events.start, events.stored


def optional(params: LIFLike, **others: Array | None) -> dict[str, Array]:
    """Arrays that kernels may take beside, by name."""
    period = neuron_of(params).period(params)
    period = None if period is None else jnp.broadcast_to(period, (params.neurons,))
    of_inputs, own = delays_of(params)
    arrays = dict(refractory=period, delays=own, input_delays=of_inputs, **others)
    return {name: array for name, array in arrays.items() if array is not None}


def static(params: LIFLike) -> dict[str, Any]:
    """Settings that both take."""
    return dict(recurrent=params.w_rec is not None, shared=params.tau_mem.ndim == params.tau_syn.ndim == 0)
