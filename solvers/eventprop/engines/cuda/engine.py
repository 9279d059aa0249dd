"""Both passes: what the kernels are given, and what becomes of their results."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....events import Events
from ....neurons.lif import LIFParams
from ....times import as_time, is_fine
from ..base import Kept
from ..stacking import as_params, constants_of, stacked_weights
from . import launch

SHORT, GRID = 0.2, 2.0**-20  # as in ``numba/kernels/flow.py`` and ``arrivals.py``
_WARP = 32
_MOST_BITS = 40  # behind the point, see ``kernels/fixed_point.cuh``; a float has 24


def threads_for(neurons: int) -> int:
    """Threads of a block: one for each neuron, in whole warps, and at most the kernels' ``LARGEST_BLOCK``."""
    return min(-(-neurons // _WARP) * _WARP, 512)


def _block_length(params: LIFParams, delay: float) -> Array:
    """As ``numba/kernels/arrivals.py`` has it [s]."""

    def exact(length: Array) -> Array:
        return jnp.where(length >= 64 * GRID, jnp.floor(length / GRID) * GRID, length)

    longest = exact(SHORT * jnp.minimum(params.tau_mem.min(), params.tau_syn.min()))
    return jnp.where(delay >= longest / 8, exact(jnp.minimum(longest, delay)), longest / 4)


def _layer(params: LIFParams) -> tuple[Array, ...]:
    """Stacked weights, and constants of each neuron."""
    return stacked_weights(params), *(jnp.broadcast_to(x, (params.neurons,)) for x in constants_of(params))


def _sizes(
    params: LIFParams, batch: int, events: int, capacity: int, *, exact: bool, trains_tau: bool = False,
    wants_times: bool = False, resets_move: bool = True,
) -> Array:  # fmt: skip
    """``Sizes`` in ``kernels/layer.cuh``."""
    arrivals = max(2, batch * (events + capacity))
    bits = min(_MOST_BITS, 62 - math.ceil(math.log2(arrivals)))
    shared = params.tau_mem.ndim == params.tau_syn.ndim == 0
    sizes = batch, params.neurons, params.inputs, events, capacity, params.w_rec is not None, shared, exact
    return jnp.array([*sizes, trains_tau, wants_times, resets_move, bits], jnp.int32)


def _clock(params: LIFParams, duration: float, delay: float) -> Array:
    """``Clock``, likewise."""
    pairs = [x for seconds in (duration, delay) for x in as_time(seconds, np.float32, fine=False)]
    return jnp.stack([*pairs, _block_length(params, delay)])


@partial(jax.jit, static_argnames=("duration", "delay", "capacity"))
def forward(params: LIFParams, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    batch, shape, real, whole = len(events.times), jax.ShapeDtypeStruct, jnp.float32, jnp.int32
    room, exact = (batch, capacity), not is_fine(real, duration)
    results = (
        shape(room, real), shape(room, whole), shape(room, real), shape((batch,), whole),
        shape(room if exact else (1,), real), shape((batch, 2, params.neurons, 2), real),
    )  # fmt: skip
    times, units, current, count, low, _ = launch.launch(
        "forward", max(batch, 1), threads_for(params.neurons), results, *events[:3], *_layer(params),
        _sizes(params, batch, events.capacity, capacity, exact=exact), _clock(params, duration, delay),
    )  # fmt: skip
    return Events(times, units, count), Kept(current, low if exact else None)


def backward(
    params: LIFParams, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    *, duration: float, delay: float, trains_tau: bool, wants_times: bool,
) -> tuple[LIFParams, Float[Array, "batch events"] | None]:  # fmt: skip
    """See ``Engine``."""
    return _backward(
        params, events, spikes, kept, time_cotangents, count_cotangents, duration=duration, delay=delay,
        trains_tau=trains_tau, wants_times=wants_times, resets_move=True,
    )  # fmt: skip


def detached_backward(
    params: LIFParams, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    *, duration: float, delay: float, trains_tau: bool, wants_times: bool,
) -> tuple[LIFParams, Float[Array, "batch events"] | None]:  # fmt: skip
    """See ``DetachedEngine``."""
    return _backward(
        params, events, spikes, kept, time_cotangents, count_cotangents, duration=duration, delay=delay,
        trains_tau=trains_tau, wants_times=wants_times, resets_move=False,
    )  # fmt: skip


@partial(jax.jit, static_argnames=("duration", "delay", "trains_tau", "wants_times", "resets_move"))
def _backward(
    params: LIFParams, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    *, duration: float, delay: float, trains_tau: bool, wants_times: bool, resets_move: bool,
) -> tuple[LIFParams, Any]:  # fmt: skip
    batch, neurons = len(events.times), params.neurons
    shape, real = jax.ShapeDtypeStruct, jnp.float32
    blocks, threads = max(batch, 1), threads_for(neurons)
    layer, clock = _layer(params), _clock(params, duration, delay)
    sizes = _sizes(
        params, batch, events.capacity, spikes.capacity, exact=kept.remainder is not None, trains_tau=trains_tau,
        wants_times=wants_times, resets_move=resets_move,
    )  # fmt: skip
    low = jnp.zeros(1, real) if kept.remainder is None else kept.remainder
    fired = spikes.times, low, spikes.units, spikes.count

    bounds = jnp.zeros(neurons, jnp.int32)
    results = shape(time_cotangents.shape, real), shape((neurons,), jnp.int32), shape((batch, neurons, 2), real)
    jumps, bounds, _ = launch.launch(
        "jumps", blocks, threads, results, *layer, sizes, clock, *fired, kept.current, count_cotangents,
        time_cotangents, bounds, in_place={13: 0, 14: 1},
    )  # fmt: skip

    sums = jnp.zeros((*layer[0].shape, 2), jnp.uint32)  # one number of 64 bits each
    results = (
        shape(sums.shape, jnp.uint32), shape((batch, 4, neurons), real),
        shape(events.times.shape if wants_times else (1,), real),
    )  # fmt: skip
    sums, constants, d_times = launch.launch(
        "sums", blocks, threads, results, *events[:3], *layer, sizes, clock, *fired, count_cotangents, jumps, bounds,
        sums, in_place={17: 0},
    )  # fmt: skip

    results = shape(layer[0].shape, real), shape((4, neurons), real)
    d_weights, d_constants = launch.launch(
        "collect", max(1, -(-sums.size // 2 // 256)), 256, results, sums, bounds, constants, sizes
    )
    return as_params(params, d_weights, list(d_constants)), d_times if wants_times else None
