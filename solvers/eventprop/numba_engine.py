"""CPU engine: numba kernels, called back from compiled JAX code, samples spread over threads."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numba
import numpy as np
from jaxtyping import Array, Float

from ..events import NO_UNIT, Events
from ..lif import LIFParams
from .host_call import host_call
from .kernels.batch import adjoint_batch, simulate_batch
from .stacking import as_params, stacked_weights
from .wrong_input import refuse_wrong

_LINE = 64  # bytes of a cache line


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="eventprop")


def _threads(batch: int) -> int:
    return max(1, min(numba.get_num_threads(), batch))


def _spread(kernel, threads: int) -> None:
    """Run ``kernel(first, stride)`` for samples first, first + stride, ... on each thread.

    Which thread takes which sample does not depend on timing, so sums over samples are reproducible.
    """
    if threads == 1:
        kernel(0, 1)
    else:
        for done in [_pool(threads).submit(kernel, first, threads) for first in range(threads)]:
            done.result()


def _kernel_arguments(params: LIFParams, events: Events) -> tuple:
    """Arrays that both kernels take first: one stacked weight matrix, constants of each neuron, events."""
    constants = (params.tau_mem, params.tau_syn, params.threshold, params.reset)
    each = [jnp.broadcast_to(x, (params.neurons,)) for x in constants]
    return stacked_weights(params), *each, events.times, events.units, events.count


def _aligned_zeros(shape: tuple[int, ...], dtype) -> np.ndarray:
    """Zeros that begin at the begin of a cache line, so that no vector in rows of them lies across two."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + _LINE - 1, np.uint8)
    first = -memory.ctypes.data % _LINE
    return memory[first : first + size].view(dtype).reshape(shape)


def _aligned(array: np.ndarray) -> np.ndarray:
    """The array, or a copy that is aligned likewise: XLA aligns arrays within its programs to 16 bytes only."""
    if array.ctypes.data % _LINE == 0:
        return array
    copy = _aligned_zeros(array.shape, array.dtype)
    copy[:] = array
    return copy


def _static(params: LIFParams) -> dict:
    return dict(recurrent=params.w_rec is not None, shared=params.tau_mem.ndim == params.tau_syn.ndim == 0)


def _simulate(weights, tau_mem, tau_syn, threshold, reset, times, units, count, *, recurrent, shared, **settings):
    weights, constants = _aligned(weights), (tau_mem, tau_syn, threshold, reset)
    shape = (len(times), settings["capacity"])
    out = (np.full(shape, np.inf, times.dtype), np.full(shape, NO_UNIT, np.int32), np.zeros(shape, times.dtype))
    spikes = np.zeros(len(times), np.int32)

    def kernel(first, stride):
        simulate_batch(
            weights, recurrent, *constants, shared, times, units, count, settings["duration"], settings["delay"],
            out, spikes, first, stride,
        )  # fmt: skip

    _spread(kernel, _threads(len(times)))
    refuse_wrong(spikes)
    return *out, spikes


def forward(
    params: LIFParams, events: Events, *, duration: float, delay: float, capacity: int
) -> tuple[Events, Float[Array, "batch capacity"]]:
    """Spikes of the layer and the synaptic current of the spiking neuron at each; see ``layer.lif_layer``."""
    batch = events.times.shape[0]
    real, whole = events.times.dtype, jnp.int32
    shape = jax.ShapeDtypeStruct
    room = (batch, capacity)
    result = (shape(room, real), shape(room, whole), shape(room, real), shape((batch,), whole))
    call = partial(_simulate, **_static(params), duration=duration, delay=delay, capacity=capacity)
    times, units, current, count = host_call(call, result, *_kernel_arguments(params, events))
    return Events(times, units, count), current


def _adjoint(
    weights, tau_mem, tau_syn, threshold, reset, times, units, count, spike_times, spike_units, spikes, current,
    at_times, at_counts, *, recurrent, shared, delay, trains_tau, wants_times,
):  # fmt: skip
    weights, constants = _aligned(weights), (tau_mem, tau_syn, threshold, reset)
    stored, outer = (spike_times, spike_units, current, spikes), (at_times, at_counts)
    threads = _threads(len(times))
    d_weights = _aligned_zeros((threads, *weights.shape), weights.dtype)
    d_constants = np.zeros((4, threads, weights.shape[1]), weights.dtype)
    d_times = np.zeros(times.shape if wants_times else (len(times), 0), times.dtype)

    def kernel(first, stride):
        adjoint_batch(
            weights, recurrent, *constants, shared, times, units, count, delay, stored, outer, trains_tau, wants_times,
            (d_weights[first], *d_constants[:, first]), d_times, first, stride,
        )  # fmt: skip

    _spread(kernel, threads)
    total = d_weights[0]
    for part in d_weights[1:]:
        total += part
    return total, *d_constants.sum(1), d_times


def backward(
    params: LIFParams,
    events: Events,
    spikes: Events,
    current: Float[Array, "batch capacity"],
    at_times: Float[Array, "batch capacity"],
    at_counts: Float[Array, "batch post"],
    *,
    delay: float,
    trains_tau: bool,
    wants_times: bool,
) -> tuple[LIFParams, Float[Array, "batch events"] | None]:
    """Gradients of the parameters, summed over the batch, and of the input times if wanted."""
    shape = jax.ShapeDtypeStruct
    real = params.w_in.dtype
    rows = params.inputs + (0 if params.w_rec is None else params.neurons)
    result = (
        shape((rows, params.neurons), real),
        *(shape((params.neurons,), real) for _ in range(4)),
        shape(events.times.shape if wants_times else (events.times.shape[0], 0), events.times.dtype),
    )
    call = partial(_adjoint, **_static(params), delay=delay, trains_tau=trains_tau, wants_times=wants_times)
    stored = (spikes.times, spikes.units, spikes.count, current)
    d_weights, *d_constants, d_times = host_call(
        call, result, *_kernel_arguments(params, events), *stored, at_times, at_counts
    )
    return as_params(params, d_weights, d_constants), d_times if wants_times else None
