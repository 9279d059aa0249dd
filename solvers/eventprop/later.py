"""Events that come later: the delays of input channels, before a layer hears of them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Shaped

from ..checks import host_call
from ..events import Events, Packed


def later(events: Events | Packed, delays: Float[Array, " units"]) -> Any:
    """The events as they arrive through channels with delays, in order of time; differentiable.

    Args:
        events: of a batch, padded or packed; simultaneous ones keep their order.
        delays: of each unit [s].
    """
    times = events.times + jnp.where(events.valid, delays[events.sources], 0)
    keys = [lax.stop_gradient(times), *([events.samples] if isinstance(events, Packed) else [])]
    order = lax.platform_dependent(*keys, cpu=_on_host, default=_on_device)

    def sort(x: Array) -> Array:
        return jnp.take_along_axis(x, order, -1)

    amplitudes = None if events.amplitudes is None else sort(events.amplitudes)
    return events._replace(times=sort(times), units=sort(events.units), amplitudes=amplitudes)


def _on_device(*keys: Shaped[Array, "*shape"]) -> Int[Array, "*shape"]:
    """The last key is the most important; it sorts stably."""
    return jnp.lexsort(keys).astype(jnp.int32)


def _on_host(*keys: Shaped[Array, "*shape"]) -> Int[Array, "*shape"]:
    """The same; on a CPU, XLA takes several times as long as NumPy."""
    shape = jax.ShapeDtypeStruct(keys[0].shape, np.int32)
    sort = lambda *keys: [np.lexsort(keys).astype(np.int32)]  # noqa: E731
    order: Array = host_call(sort, [shape], *keys, exported=lambda *keys: [_on_device(*keys)])[0]
    return order
