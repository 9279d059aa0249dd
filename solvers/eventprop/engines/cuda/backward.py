"""Backward pass, in three kernels: see ``jumps.cu``, ``sums.cu`` and ``collect.cu``."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ....events import Packed
from ....neurons.lif import LIFParams
from ..base import Kept
from ..pool import PaddedPasses
from ..stacking import as_params
from . import arguments, launch


@partial(
    jax.jit,
    static_argnames=(
        "duration", "delay", "trains_tau", "wants_times", "wants_amplitudes", "smoothing", "reset_gradient",
    ),
)  # fmt: skip
def pooled_backward(
    params: LIFParams, events: Packed, spikes: Packed, kept: Kept, time_cotangents: Array, count_cotangents: Array,
    amplitude_cotangents: None, *, duration: float, delay: float, trains_tau: bool, wants_times: bool,
    wants_amplitudes: bool, smoothing: None, reset_gradient: bool,
) -> tuple[LIFParams, Array | None, None]:  # fmt: skip
    """See ``PooledEngine``; nothing is smoothed."""
    batch, neurons = len(events.count), params.neurons
    shape, real = jax.ShapeDtypeStruct, jnp.float32
    grid, layer, clock = (
        arguments.grid(batch, neurons), arguments.layer_arrays(params), arguments.clock(params, duration, delay)
    )  # fmt: skip
    sizes = arguments.sizes(
        params, events, spikes.capacity, exact=kept.remainder is not None, trains_tau=trains_tau,
        wants_times=wants_times, resets_move=reset_gradient,
    )  # fmt: skip
    low = jnp.zeros(1, real) if kept.remainder is None else kept.remainder
    times, *places = arguments.events_arrays(spikes)
    fired = times, low, *places
    jumps, bounds, _ = launch.launch(
        "jumps", grid, [shape((batch, neurons, 2), real)], *layer, sizes, clock, *fired, kept.current,
        count_cotangents, changed=(time_cotangents, jnp.zeros(neurons, jnp.int32)),
    )  # fmt: skip
    weights = layer[0]
    sums, d_times, of_samples = launch.launch(
        "sums", grid, [shape((batch, 4, neurons), real)], *arguments.events_arrays(events), *layer, sizes, clock,
        *fired, count_cotangents, jumps, bounds,
        changed=[
            jnp.zeros((*weights.shape, 2), jnp.uint32),  # numbers of 64 bits
            jnp.zeros(events.times.shape if wants_times else (1,), real),
        ],
    )  # fmt: skip
    threads = 256  # of which each has an entry
    d_weights, d_constants = launch.launch(
        "collect", (max(1, -(-weights.size // threads)), threads),
        [shape(weights.shape, real), shape((4, neurons), real)], sums, bounds, of_samples, sizes,
    )  # fmt: skip
    return as_params(params, d_weights, list(d_constants)), d_times if wants_times else None, None


_PADDED = PaddedPasses(pooled_backward)
backward = _PADDED.backward
detached_backward = _PADDED.detached_backward
