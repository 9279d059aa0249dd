"""What the backward pass must know of refractory periods: what follows which spike, and when."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ....times import Time


def previous_spikes(units: Int[Array, "batch capacity"]) -> Int[Array, "batch capacity"]:
    """The spike of the same neuron before each; the capacity if there is none."""
    capacity = units.shape[1]
    order = jnp.argsort(units, axis=1, stable=True)
    by_unit = jnp.take_along_axis(units, order, 1)
    same = by_unit[:, 1:] == by_unit[:, :-1]
    before = jnp.pad(jnp.where(same, order[:, :-1], capacity), ((0, 0), (1, 0)), constant_values=capacity)
    return jnp.put_along_axis(jnp.zeros_like(units), order, before.astype(units.dtype), 1, inplace=False)


def releases(
    times: Time, units: Int[Array, "batch capacity"], period: Float[Array, "*neurons"]
) -> tuple[Time, Int[Array, "batch capacity"]]:
    """When clamps end, in order, and the spike after which each began.

    Args:
        times: of the spikes [s], infinite beyond the last.
        units: their neurons.
        period: refractory period [s].
    """
    ends = times.after(jnp.broadcast_to(period, units.shape) if period.ndim == 0 else period[units])
    order = jnp.argsort(ends.high, axis=1) if ends.low is None else jnp.lexsort((ends.low, ends.high))
    take = lambda x: jnp.take_along_axis(x, order, 1)  # noqa: E731
    return Time(take(ends.high), None if ends.low is None else take(ends.low)), order
