"""Backward pass, in three kernels: see ``jumps.cu``, ``sums.cu`` and ``collect.cu``."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ....events import Events
from ....neurons.lif import LIFParams
from ..base import Kept
from ..stacking import as_params
from . import arguments, launch


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
    grid, layer, clock = (
        arguments.grid(batch, neurons), arguments.layer_arrays(params), arguments.clock(params, duration, delay)
    )  # fmt: skip
    sizes = arguments.sizes(
        params, batch, events.capacity, spikes.capacity, exact=kept.remainder is not None, trains_tau=trains_tau,
        wants_times=wants_times, resets_move=resets_move,
    )  # fmt: skip
    low = jnp.zeros(1, real) if kept.remainder is None else kept.remainder
    fired = spikes.times, low, spikes.units, spikes.count
    jumps, bounds, _ = launch.launch(
        "jumps", grid, [shape((batch, neurons, 2), real)], *layer, sizes, clock, *fired, kept.current,
        count_cotangents, changed=(time_cotangents, jnp.zeros(neurons, jnp.int32)),
    )  # fmt: skip
    weights = layer[0]
    sums, of_samples, d_times = launch.launch(
        "sums", grid, [shape((batch, 4, neurons), real), shape(events.times.shape if wants_times else (1,), real)],
        *events[:3], *layer, sizes, clock, *fired, count_cotangents, jumps, bounds,
        changed=[jnp.zeros((*weights.shape, 2), jnp.uint32)],  # numbers of 64 bits
    )  # fmt: skip
    threads = 256  # of which each has an entry
    d_weights, d_constants = launch.launch(
        "collect", (max(1, -(-weights.size // threads)), threads),
        [shape(weights.shape, real), shape((4, neurons), real)], sums, bounds, of_samples, sizes,
    )  # fmt: skip
    return as_params(params, d_weights, list(d_constants)), d_times if wants_times else None
