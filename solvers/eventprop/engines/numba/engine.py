"""Both passes: the kernels, called back from compiled JAX code, with the samples of a batch spread over threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numba
import numpy as np
from jaxtyping import Array, Float

from ....checks import host_call
from ....delays import delays_of, is_synaptic
from ....events import NO_UNIT, Events
from ....neurons import neuron_of
from ....neurons.refractory import LIFLike
from ....smoothing import Smoothing
from ....times import is_fine
from ..base import Kept
from ..stacking import as_params, constants_of, stacked_weights
from .arrays import aligned, aligned_zeros, with_ghosts, without_ghosts
from .delays import in_blocks, layer_with_silent, total_delays, with_silent
from .kernels.arguments import Cotangents, Gradient, Input, Layer, Stored, Wanted
from .kernels.batch import adjoint_batch, simulate_batch
from .kernels.ghosts import Marks, Watch
from .remainder import joined, split


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="eventprop-kernel")


def _threads(batch: int) -> int:
    return max(1, min(numba.get_num_threads(), batch))


def _spread(kernel: Callable[[int, int], None], threads: int) -> None:
    """Run ``kernel(first, stride)`` for samples first, first + stride, ... on each thread.

    Which thread takes which sample does not depend on timing, so sums over samples are reproducible.
    """
    if threads == 1:
        kernel(0, 1)
    else:
        for done in [_pool(threads).submit(kernel, first, threads) for first in range(threads)]:
            done.result()


def _kernel_arguments(params: LIFLike, events: Events) -> tuple[Any, ...]:
    """Arrays that both kernels take first: one stacked weight matrix, constants of each neuron, events."""
    constants = params.tau_mem, params.tau_syn, params.threshold, params.reset
    each = [jnp.broadcast_to(x, (params.neurons,)) for x in constants]
    return stacked_weights(params), *each, events.times, events.units, events.count


def _optional(params: LIFLike, **others: Array | None) -> dict[str, Array]:
    """Arrays that kernels may take beside, by name."""
    period = neuron_of(params).period(params)
    period = None if period is None else jnp.broadcast_to(period, (params.neurons,))
    of_inputs, own = delays_of(params)
    arrays = dict(refractory=period, delays=own, input_delays=of_inputs, **others)
    return {name: array for name, array in arrays.items() if array is not None}


def _static(params: LIFLike) -> dict[str, Any]:
    return dict(recurrent=params.w_rec is not None, shared=params.tau_mem.ndim == params.tau_syn.ndim == 0)


def _simulate(
    weights: np.ndarray, tau_mem: np.ndarray, tau_syn: np.ndarray, threshold: np.ndarray, reset: np.ndarray,
    times: np.ndarray, units: np.ndarray, count: np.ndarray, *optional: np.ndarray, given: tuple[str, ...],
    recurrent: bool, shared: bool, clamps: bool, ghosts: bool, duration: float, delay: float, capacity: int,
    exact: bool, smoothing: Smoothing | None,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    layer = Layer(aligned(weights), recurrent, tau_mem, tau_syn, threshold, reset, shared)
    events, shape = Input(times, units, count), (len(times), capacity)
    events = without_ghosts(events) if ghosts else events
    watch = None
    if smoothing is not None and smoothing.parts != "timing":
        watch = Watch(np.zeros(shape, np.uint8), smoothing.half_width, smoothing.dip)
    stored = Stored(
        np.full(shape, np.inf, np.float64 if exact else times.dtype),
        np.full(shape, NO_UNIT, np.int32),
        np.zeros(shape, times.dtype),
        np.zeros(len(times), np.int32),
    )
    also = dict(zip(given, optional, strict=True))
    period, release = also.get("refractory"), np.zeros(shape, times.dtype) if clamps else None
    delays, lags = total_delays(delay, also, weights.shape, recurrent)
    synapses = None
    if lags is not None:
        layer, period = layer_with_silent(layer), None if period is None else with_silent(period)
        synapses = in_blocks(lags, layer, duration)

    def kernel(first: int, stride: int) -> None:
        simulate_batch(layer, period, events, duration, delays, synapses, stored, release, watch, first, stride)

    _spread(kernel, _threads(len(times)))
    rounded, remainder = split(stored.times, times.dtype) if exact else (stored.times, None)
    more = (x for x in (remainder, release, watch.margins if watch else None) if x is not None)
    return *stored._replace(times=rounded), *more


def forward(params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    return smooth_forward(params, events, duration=duration, delay=delay, capacity=capacity, smoothing=None)


def smooth_forward(
    params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int, smoothing: Smoothing | None
) -> tuple[Events, Kept]:
    """See ``SmoothEngine``."""
    batch = events.times.shape[0]
    real, whole = events.times.dtype, jnp.int32
    shape = jax.ShapeDtypeStruct
    room = (batch, capacity)
    exact, clamps = not is_fine(real, duration), neuron_of(params).clamps
    result = [shape(room, real), shape(room, whole), shape(room, real), shape((batch,), whole)]
    optional = {"remainder": whole} if exact else {}
    optional |= {"release": real} if clamps else {}
    optional |= {"margin": jnp.uint8} if smoothing is not None and smoothing.parts != "timing" else {}
    result += [shape(room, kind) for kind in optional.values()]
    also = _optional(params)
    call = partial(
        _simulate, given=tuple(also), **_static(params), clamps=clamps, ghosts=events.amplitudes is not None,
        duration=duration, delay=delay, capacity=capacity, exact=exact, smoothing=smoothing,
    )  # fmt: skip
    arguments = *_kernel_arguments(params, events), *also.values()
    times, units, current, count, *more = host_call(call, result, *arguments)
    found = {"remainder": None} | dict(zip(optional, more, strict=True))
    return Events(times, units, count), Kept(current, **found)


def _adjoint(
    weights: np.ndarray, tau_mem: np.ndarray, tau_syn: np.ndarray, threshold: np.ndarray, reset: np.ndarray,
    times: np.ndarray, units: np.ndarray, count: np.ndarray, spike_times: np.ndarray, spike_units: np.ndarray,
    spikes: np.ndarray, current: np.ndarray, time_cotangents: np.ndarray, count_cotangents: np.ndarray,
    *optional: np.ndarray, given: tuple[str, ...], recurrent: bool, shared: bool, duration: float, delay: float,
    trains_tau: bool, wants_times: bool, reset_gradient: bool, ghosts: bool, smoothing: Smoothing | None,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    layer = Layer(aligned(weights), recurrent, tau_mem, tau_syn, threshold, reset, shared)
    events, wanted = Input(times, units, count), Wanted(trains_tau, wants_times, reset_gradient)
    marks, d_inputs = None, np.zeros((len(times), times.shape[1] if ghosts else 0), times.dtype)
    also = dict(zip(given, optional, strict=True))
    period, release = also.get("refractory"), also.get("release")
    spike_times = joined(spike_times, also["remainder"]) if "remainder" in also else spike_times
    stored = Stored(spike_times, spike_units, current, spikes)
    if smoothing is not None:
        events, inputs = with_ghosts(events, times.shape if ghosts else d_inputs.shape)
        stored, there = with_ghosts(stored, spike_times.shape)
        margins = also.get("margin", np.zeros((len(times), 0), np.uint8))
        marks = Marks(
            there, margins, also["at_amplitudes"], inputs, d_inputs,
            smoothing.half_width if smoothing.kernel == "triangle" else -smoothing.half_width, smoothing.floor,
            smoothing.parts != "existence", smoothing.parts != "timing",
        )  # fmt: skip
    delays, lags = total_delays(delay, also, weights.shape, recurrent)
    synapses = None
    if lags is not None:
        layer, period = layer_with_silent(layer), None if period is None else with_silent(period)
        synapses, count_cotangents = in_blocks(lags, layer, duration), with_silent(count_cotangents)
    cotangents = Cotangents(time_cotangents, count_cotangents)
    threads, shape = _threads(len(times)), layer.weights.shape
    d_weights = aligned_zeros((threads, *shape), weights.dtype)
    d_constants = np.zeros((4 if period is None else 5, threads, shape[1]), weights.dtype)
    d_delays = aligned_zeros((threads, *(delays.shape if synapses is None else shape)), weights.dtype)
    d_times = np.zeros(times.shape if wants_times else (len(times), 0), times.dtype)

    def kernel(first: int, stride: int) -> None:
        d_tau_mem, d_tau_syn, d_threshold, d_reset = d_constants[:4, first]
        d_period = d_reset[:0] if period is None else d_constants[4, first]
        gradient = Gradient(
            d_weights[first], d_tau_mem, d_tau_syn, d_threshold, d_reset, d_delays[first], d_period, d_times
        )
        adjoint_batch(
            layer,
            period,
            events,
            duration,
            delays,
            synapses,
            stored,
            release,
            cotangents,
            wanted,
            gradient,
            marks,
            first,
            stride,
        )

    _spread(kernel, threads)
    total = d_weights[0]
    for part in d_weights[1:]:
        total += part
    rows, post = weights.shape
    d_synapses = d_delays.sum(0)[..., :post]
    d_synapses = d_synapses if synapses is None else d_synapses[:rows]
    return total[:rows, :post], d_synapses, *d_constants.sum(1)[:, :post], d_times, d_inputs


def backward(
    params: LIFLike, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    *, duration: float, delay: float, trains_tau: bool, wants_times: bool,
) -> tuple[LIFLike, Float[Array, "batch events"] | None]:  # fmt: skip
    """See ``Engine``."""
    return _backward(
        params, events, spikes, kept, time_cotangents, count_cotangents, None, duration=duration, delay=delay,
        trains_tau=trains_tau, wants_times=wants_times, wants_amplitudes=False, smoothing=None,
    )[:2]  # fmt: skip


def detached_backward(
    params: LIFLike, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    *, duration: float, delay: float, trains_tau: bool, wants_times: bool,
) -> tuple[LIFLike, Float[Array, "batch events"] | None]:  # fmt: skip
    """See ``DetachedEngine``."""
    return _backward(
        params, events, spikes, kept, time_cotangents, count_cotangents, None, duration=duration, delay=delay,
        trains_tau=trains_tau, wants_times=wants_times, wants_amplitudes=False, smoothing=None, reset_gradient=False,
    )[:2]  # fmt: skip


def smooth_backward(
    params: LIFLike,
    events: Events,
    spikes: Events,
    kept: Kept,
    time_cotangents: Float[Array, "batch capacity"],
    count_cotangents: Float[Array, "batch post"],
    amplitude_cotangents: Float[Array, "batch capacity"] | None,
    *,
    duration: float,
    delay: float,
    trains_tau: bool,
    wants_times: bool,
    wants_amplitudes: bool,
    smoothing: Smoothing,
) -> tuple[LIFLike, Float[Array, "batch events"] | None, Float[Array, "batch events"] | None]:
    """See ``SmoothEngine``."""
    return _backward(
        params, events, spikes, kept, time_cotangents, count_cotangents, amplitude_cotangents, duration=duration,
        delay=delay, trains_tau=trains_tau, wants_times=wants_times, wants_amplitudes=wants_amplitudes,
        smoothing=smoothing,
    )  # fmt: skip


def _backward(
    params: LIFLike, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    amplitude_cotangents: Array | None, *, duration: float, delay: float, trains_tau: bool, wants_times: bool,
    wants_amplitudes: bool, smoothing: Smoothing | None, reset_gradient: bool = True,
) -> tuple[LIFLike, Array | None, Array | None]:  # fmt: skip
    """Any of the backward passes."""
    if smoothing is not None and smoothing.is_exact and not wants_amplitudes:
        smoothing, amplitude_cotangents = None, None  # by the very same kernel, hence to the last bit
    shape = jax.ShapeDtypeStruct
    real = params.w_in.dtype
    rows = params.inputs + (0 if params.w_rec is None else params.neurons)
    result = (
        shape((rows, params.neurons), real),
        shape((rows, params.neurons) if is_synaptic(params) else (params.neurons,), real),  # delays
        *(shape((params.neurons,), real) for _ in constants_of(params)),
        shape(events.times.shape if wants_times else (events.times.shape[0], 0), events.times.dtype),
        shape(events.times.shape if wants_amplitudes else (events.times.shape[0], 0), real),
    )
    optional = _optional(
        params, remainder=kept.remainder, release=kept.release, margin=kept.margin, at_amplitudes=amplitude_cotangents
    )
    call = partial(
        _adjoint, **_static(params), given=tuple(optional), duration=duration, delay=delay, trains_tau=trains_tau,
        wants_times=wants_times, reset_gradient=reset_gradient, ghosts=wants_amplitudes, smoothing=smoothing,
    )  # fmt: skip
    arguments = (
        *_kernel_arguments(params, events), spikes.times, spikes.units, spikes.count, kept.current, time_cotangents,
        count_cotangents, *optional.values(),
    )  # fmt: skip
    d_weights, d_delays, *d_constants, d_times, d_inputs = host_call(call, result, *arguments)
    return (
        as_params(params, d_weights, d_constants, d_delays), d_times if wants_times else None,
        d_inputs if wants_amplitudes else None,
    )  # fmt: skip
