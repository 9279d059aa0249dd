"""Backward passes for padded spikes by that for a pool of an engine: padded ones are a pool with gaps."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ....events import Events, packed_rows
from ....smoothing import Smoothing
from ..base import Kept

Gradients = tuple[Any, Float[Array, "batch events"] | None, Float[Array, "batch events"] | None]


def padded(
    pooled_backward: Callable[..., Any], params: Any, events: Events, spikes: Events, kept: Kept,
    *cotangents: Array | None, wants_amplitudes: bool = False, smoothing: Smoothing | None = None,
    reset_gradient: bool = True, **settings: Any,
) -> Gradients:  # fmt: skip
    """Gradients as of ``SmoothEngine.smooth_backward``.

    Args:
        pooled_backward: see ``PooledEngine``.
        params: see ``SmoothEngine``, likewise the following.
        events: see there.
        spikes: see there.
        kept: see there.
        *cotangents: with respect to times, counts and amplitudes.
        wants_amplitudes: see there.
        smoothing: see there; None for none.
        reset_gradient: whether gradients pass the reset.
        **settings: the others.
    """
    at_times, at_counts, at_amplitudes = cotangents
    kept, at_times, at_amplitudes = jax.tree.map(jnp.ravel, (kept, at_times, at_amplitudes))
    gradient, d_times, d_amplitudes = pooled_backward(
        params, packed_rows(events), packed_rows(spikes), kept, at_times, at_counts, at_amplitudes,
        wants_amplitudes=wants_amplitudes, smoothing=smoothing, reset_gradient=reset_gradient, **settings,
    )  # fmt: skip
    shape = events.times.shape
    d_times, d_amplitudes = (x if x is None else x.reshape(shape) for x in (d_times, d_amplitudes))
    return gradient, d_times, d_amplitudes
