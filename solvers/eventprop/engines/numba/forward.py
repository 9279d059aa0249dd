"""Forward pass, by the kernels."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ....checks import host_call
from ....events import Events, Packed, StaticInt, packed_rows
from ....neurons import neuron_of
from ....neurons.refractory import LIFLike
from ....smoothing import Smoothing
from ....times import is_fine
from ..base import Kept
from .arrays import aligned, without_ghosts
from .calls import kernel_arguments, optional, spread, static, threads_for
from .delays import in_blocks, layer_with_silent, total_delays, with_silent
from .found import in_order, memory
from .kernels.arguments import Layer, Pool
from .kernels.batch import simulate_batch
from .kernels.ghosts import Watch
from .remainder import split


def _simulate(
    weights: np.ndarray, tau_mem: np.ndarray, tau_syn: np.ndarray, threshold: np.ndarray, reset: np.ndarray,
    times: np.ndarray, units: np.ndarray, start: np.ndarray, count: np.ndarray, *others: np.ndarray,
    given: tuple[str, ...], recurrent: bool, shared: bool, clamps: bool, ghosts: bool, duration: float, delay: float,
    capacity: int, slots: int | None, exact: bool, smoothing: Smoothing | None,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """Spikes into a pool of so many slots, or padded where ``slots`` is None."""
    layer = Layer(aligned(weights), recurrent, tau_mem, tau_syn, threshold, reset, shared)
    events, batch = Pool(times, units, start, count), len(count)
    events = without_ghosts(events) if ghosts else events
    also = dict(zip(given, others, strict=True))
    period = also.get("refractory")
    delays, lags = total_delays(delay, also, weights.shape, recurrent)
    synapses = None
    if lags is not None:
        layer, period = layer_with_silent(layer), None if period is None else with_silent(period)
        synapses = in_blocks(lags, layer, duration)
    marks = smoothing is not None and smoothing.parts != "timing"
    begins, counts, number = np.zeros(batch, np.int64), np.zeros(batch, np.int64), threads_for(batch)
    most = -(-batch // number) * capacity  # of a thread
    most = most if slots is None else min(most, slots + capacity)
    kind = np.float64 if exact else times.dtype
    threads = [memory(most, kind, times.dtype, (begins, counts), clamps=clamps, marks=marks) for _ in range(number)]

    def kernel(first: int, stride: int) -> None:
        found, release, margins = threads[first]
        watch = None
        if margins is not None and smoothing is not None:
            watch = Watch(margins, smoothing.half_width, smoothing.dip)
        simulate_batch(
            layer, period, events, duration, delays, synapses, capacity, found, release, watch, first, stride
        )

    spread(kernel, number)
    fits = counts <= capacity
    stored = np.where(fits, counts, 0)
    if slots is None:
        begin = np.arange(batch) * capacity
    else:
        fits &= stored.sum() <= slots
        stored = np.where(fits, stored, 0)
        begin = np.cumsum(stored) - stored
    arrays = in_order(threads, begin, stored, batch * capacity if slots is None else slots)
    arrays = [x.reshape(batch, capacity) for x in arrays] if slots is None else arrays
    places = [] if slots is None else [begin.astype(np.int32), ~fits]
    remainder: list[np.ndarray] = []
    if exact:
        arrays[0], *remainder = split(arrays[0], times.dtype)
    return *arrays[:3], counts.astype(np.int32), *places, *remainder, *arrays[3:]


def forward(params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    return smooth_forward(params, events, duration=duration, delay=delay, capacity=capacity, smoothing=None)


def smooth_forward(
    params: LIFLike, events: Events, *, duration: float, delay: float, capacity: int, smoothing: Smoothing | None
) -> tuple[Events, Kept]:
    """See ``SmoothEngine``."""
    (times, units, count), _, kept = _forward(
        params, packed_rows(events), duration=duration, delay=delay, capacity=capacity, slots=None, smoothing=smoothing
    )
    return Events(times, units, count), kept


def pooled_forward(
    params: LIFLike, events: Packed, *, duration: float, delay: float, capacity: int, slots: int,
    smoothing: Smoothing | None,
) -> tuple[Packed, Kept]:  # fmt: skip
    """See ``PooledEngine``."""
    (times, units, count), (start, overflowed), kept = _forward(
        params, events, duration=duration, delay=delay, capacity=capacity, slots=slots, smoothing=smoothing
    )
    return Packed(times, units, start, count, overflowed, StaticInt(capacity)), kept


def _forward(
    params: LIFLike, events: Packed, *, duration: float, delay: float, capacity: int, slots: int | None,
    smoothing: Smoothing | None,
) -> tuple[list[Any], list[Any], Kept]:  # fmt: skip
    """Times, units and counts; where each sample starts in the pool and which have no room; what is kept beside."""
    batch = len(events.count)
    real, whole = events.times.dtype, jnp.int32
    shape = jax.ShapeDtypeStruct
    room = (batch, capacity) if slots is None else (slots,)
    exact, clamps = not is_fine(real, duration), neuron_of(params).clamps
    result = [shape(room, real), shape(room, whole), shape(room, real), shape((batch,), whole)]
    result += [] if slots is None else [shape((batch,), whole), shape((batch,), bool)]
    more = {"remainder": whole} if exact else {}
    more |= {"release": real} if clamps else {}
    more |= {"margin": jnp.uint8} if smoothing is not None and smoothing.parts != "timing" else {}
    result += [shape(room, kind) for kind in more.values()]
    also = optional(params)
    call = partial(
        _simulate, given=tuple(also), **static(params), clamps=clamps, ghosts=events.amplitudes is not None,
        duration=duration, delay=delay, capacity=capacity, slots=slots, exact=exact, smoothing=smoothing,
    )  # fmt: skip
    times, units, current, count, *rest = host_call(call, result, *kernel_arguments(params, events), *also.values())
    places, rest = ([], rest) if slots is None else (rest[:2], rest[2:])
    found = {"remainder": None} | dict(zip(more, rest, strict=True))
    return [times, units, count], places, Kept(current, **found)
