"""Events that come later: the delays of input channels, before a layer hears of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Shaped

from ..checks import host_call
from ..delays import delays_of
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


def of_channels(params: Any) -> Any:
    """The delays of input channels; None if there are none."""
    inputs = delays_of(params).inputs
    return inputs if inputs is not None and inputs.ndim == 1 else None


def without_channels(params: Any) -> Any:
    """The layer without them."""
    return params._replace(delays=params.delays._replace(inputs=None))


def back_through_channels(
    back: Callable[..., Any], wanted: Any, params: Any, events: Any, lags: Array
) -> tuple[Any, ...]:
    """Delays the events again: what is kept between the passes are the events as they came.

    Args:
        back: of the layer without those delays, from what is wanted, its parameters and events.
        wanted: ``amplitudes`` tells whether gradients of these are.
        params: of the layer with them.
        events: as they came.
        lags: of each channel [s].

    Returns:
        Gradients of the parameters, of the times, and of the amplitudes if wanted.
    """

    def move(times: Array, there: Array | None, lags: Array) -> tuple[tuple[Array, Array | None], Any]:
        moved = later(events._replace(times=times, amplitudes=there), lags)
        return (moved.times, moved.amplitudes), moved._replace(amplitudes=None)

    there = events.there.astype(events.times.dtype) if wanted.amplitudes else None
    _, pull_back, moved = jax.vjp(move, events.times, there, lags, has_aux=True)
    gradient, d_times, d_amplitudes = back(wanted, without_channels(params), moved)
    d_times = jnp.zeros_like(moved.times) if d_times is None else d_times
    d_times, d_amplitudes, d_lags = pull_back((d_times, d_amplitudes))
    return gradient._replace(delays=gradient.delays._replace(inputs=d_lags)), d_times, d_amplitudes
