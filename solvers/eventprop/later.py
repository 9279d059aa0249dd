"""Events that come later: the delays of input channels, before a layer hears of them."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from ..checks import host_call
from ..events import Events


def later(events: Events, delays: Float[Array, " units"]) -> Events:
    """The events as they arrive through channels with delays, in order of time; differentiable.

    Args:
        events: of a batch; simultaneous ones keep their order.
        delays: of each unit [s].
    """
    times = events.times + jnp.where(events.valid, delays[events.sources], 0)
    order = lax.platform_dependent(lax.stop_gradient(times), cpu=_on_host, default=_on_device)

    def sort(x: Array) -> Array:
        return jnp.take_along_axis(x, order, -1)

    amplitudes = None if events.amplitudes is None else sort(events.amplitudes)
    return Events(sort(times), sort(events.units), events.count, amplitudes)


def _on_device(times: Float[Array, "batch capacity"]) -> Int[Array, "batch capacity"]:
    return jnp.argsort(times, stable=True).astype(jnp.int32)


def _on_host(times: Float[Array, "batch capacity"]) -> Int[Array, "batch capacity"]:
    """The same; on a CPU, XLA takes several times as long as NumPy."""
    shape = jax.ShapeDtypeStruct(times.shape, np.int32)
    sort = lambda x: [np.argsort(x, -1, kind="stable").astype(np.int32)]  # noqa: E731
    order: Array = host_call(sort, [shape], times, exported=lambda x: [_on_device(x)])[0]
    return order
