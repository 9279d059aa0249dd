"""Backward pass, by the kernels."""

from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float

from ....checks import host_call
from ....delays import is_synaptic
from ....events import Packed
from ....neurons.refractory import LIFLike
from ....smoothing import Smoothing
from ..base import Kept
from ..pool import PaddedPasses
from ..stacking import as_params, constants_of
from .arrays import aligned, aligned_zeros, with_ghosts
from .calls import kernel_arguments, optional, spread, static, threads_for
from .delays import in_blocks, layer_with_silent, total_delays, with_silent
from .kernels.arguments import Cotangents, Found, Gradient, Layer, Pool, Wanted
from .kernels.batch import adjoint_batch
from .kernels.ghosts import Marks
from .remainder import joined


def _adjoint(
    weights: np.ndarray, tau_mem: np.ndarray, tau_syn: np.ndarray, threshold: np.ndarray, reset: np.ndarray,
    times: np.ndarray, units: np.ndarray, start: np.ndarray, count: np.ndarray, spike_times: np.ndarray,
    spike_units: np.ndarray, spike_start: np.ndarray, spikes: np.ndarray, current: np.ndarray,
    time_cotangents: np.ndarray, count_cotangents: np.ndarray, *others: np.ndarray, given: tuple[str, ...],
    recurrent: bool, shared: bool, duration: float, delay: float, trains_tau: bool, wants_times: bool,
    reset_gradient: bool, ghosts: bool, smoothing: Smoothing | None,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    layer = Layer(aligned(weights), recurrent, tau_mem, tau_syn, threshold, reset, shared)
    events, wanted = Pool(times, units, start, count), Wanted(trains_tau, wants_times, reset_gradient)
    marks, d_inputs = None, np.zeros(len(times) if ghosts else 0, times.dtype)
    also = dict(zip(given, others, strict=True))
    period, release = also.get("refractory"), also.get("release")
    spike_times = joined(spike_times, also["remainder"]) if "remainder" in also else spike_times
    stored = Found(spike_times, spike_units, current, spike_start, spikes)
    if smoothing is not None:
        events, inputs = with_ghosts(events, len(d_inputs))
        stored, there = with_ghosts(stored, len(spike_times))
        margins = also.get("margin", np.zeros(0, np.uint8))
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
    threads, shape = threads_for(len(count)), layer.weights.shape
    d_weights = aligned_zeros((threads, *shape), weights.dtype)
    d_constants = np.zeros((4 if period is None else 5, threads, shape[1]), weights.dtype)
    d_delays = aligned_zeros((threads, *(delays.shape if synapses is None else shape)), weights.dtype)
    d_times = np.zeros(len(times) if wants_times else 0, times.dtype)

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

    spread(kernel, threads)
    total = d_weights[0]
    for part in d_weights[1:]:
        total += part
    rows, post = weights.shape
    d_synapses = d_delays.sum(0)[..., :post]
    d_synapses = d_synapses if synapses is None else d_synapses[:rows]
    return total[:rows, :post], d_synapses, *d_constants.sum(1)[:, :post], d_times, d_inputs


def pooled_backward(
    params: LIFLike,
    events: Packed,
    spikes: Packed,
    kept: Kept,
    time_cotangents: Float[Array, " slots"],
    count_cotangents: Float[Array, "batch post"],
    amplitude_cotangents: Float[Array, " slots"] | None,
    *,
    duration: float,
    delay: float,
    trains_tau: bool,
    wants_times: bool,
    wants_amplitudes: bool,
    smoothing: Smoothing | None,
    reset_gradient: bool,
) -> tuple[LIFLike, Float[Array, " events"] | None, Float[Array, " events"] | None]:
    """See ``PooledEngine``."""
    if smoothing is not None and smoothing.is_exact and not wants_amplitudes:
        smoothing, amplitude_cotangents = None, None  # by the very same kernel, hence to the last bit
    shape = jax.ShapeDtypeStruct
    real = params.w_in.dtype
    rows = params.inputs + (0 if params.w_rec is None else params.neurons)
    result = (
        shape((rows, params.neurons), real),
        shape((rows, params.neurons) if is_synaptic(params) else (params.neurons,), real),  # delays
        *(shape((params.neurons,), real) for _ in constants_of(params)),
        shape(events.times.shape if wants_times else (0,), events.times.dtype),
        shape(events.times.shape if wants_amplitudes else (0,), real),
    )
    also = optional(
        params, remainder=kept.remainder, release=kept.release, margin=kept.margin, at_amplitudes=amplitude_cotangents
    )
    call = partial(
        _adjoint, **static(params), given=tuple(also), duration=duration, delay=delay, trains_tau=trains_tau,
        wants_times=wants_times, reset_gradient=reset_gradient, ghosts=wants_amplitudes, smoothing=smoothing,
    )  # fmt: skip
    arguments = (
        *kernel_arguments(params, events), spikes.times, spikes.units, spikes.start, spikes.stored, kept.current,
        time_cotangents, count_cotangents, *also.values(),
    )  # fmt: skip
    d_weights, d_delays, *d_constants, d_times, d_inputs = host_call(call, result, *arguments)
    return (
        as_params(params, d_weights, d_constants, d_delays), d_times if wants_times else None,
        d_inputs if wants_amplitudes else None,
    )  # fmt: skip


_PADDED = PaddedPasses(pooled_backward)
backward = _PADDED.backward
detached_backward = _PADDED.detached_backward
smooth_backward = _PADDED.smooth_backward
