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


def _padded(
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


class PaddedPasses:
    """The backward passes of an engine for padded spikes, all by that for a pool."""

    def __init__(self, pooled_backward: Callable[..., Any]):
        """Bind the pass, see ``PooledEngine``."""
        self._pooled_backward = pooled_backward

    def backward(
        self, params: Any, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
        **settings: Any,
    ) -> tuple[Any, Float[Array, "batch events"] | None]:  # fmt: skip
        """See ``Engine``, and ``ShardedEngine``."""
        cotangents = time_cotangents, count_cotangents, None
        return _padded(self._pooled_backward, params, events, spikes, kept, *cotangents, **settings)[:2]

    def detached_backward(
        self, params: Any, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
        **settings: Any,
    ) -> tuple[Any, Float[Array, "batch events"] | None]:  # fmt: skip
        """See ``DetachedEngine``."""
        cotangents = time_cotangents, count_cotangents
        return self.backward(params, events, spikes, kept, *cotangents, reset_gradient=False, **settings)

    def smooth_backward(
        self, params: Any, events: Events, spikes: Events, kept: Kept, time_cotangents: Array, count_cotangents: Array,
        amplitude_cotangents: Array | None, **settings: Any,
    ) -> Gradients:  # fmt: skip
        """See ``SmoothEngine``."""
        cotangents = time_cotangents, count_cotangents, amplitude_cotangents
        return _padded(self._pooled_backward, params, events, spikes, kept, *cotangents, **settings)
