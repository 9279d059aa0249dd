"""A layer whose neurons are spread over the devices of a mesh axis, each with all weights to its own neurons.

Inside ``jax.shard_map`` all devices go through the same events. What they must tell each other at each turn of the loop
is which neuron spikes next, and going back what an arrival does to the loss: a few numbers for each sample.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int

from ....checks import varying_alike

_NOBODY = jnp.iinfo(jnp.int32).max
State = TypeVar("State", bound=Any)


def own_neurons(neurons: int, axis: str | None) -> Int[Array, " post"]:
    """Indices in the whole layer of the neurons of this device; of so many neurons."""
    own = jnp.arange(neurons, dtype=jnp.int32)
    return own if axis is None else own + neurons * lax.axis_index(axis)


def least(values: Array, axis: str | None) -> Array:
    """The smallest over the devices."""
    return values if axis is None else lax.pmin(values, axis)


def total(values: Array, axis: str | None) -> Array:
    """The sum over the devices."""
    return values if axis is None else lax.psum(values, axis)


def one_spike(
    fires: Bool[Array, " batch"], neuron: Int[Array, " batch"], axis: str | None
) -> tuple[Bool[Array, " batch"], Int[Array, " batch"], Bool[Array, " batch"]]:
    """Of the neurons that would spike now, of each device at most one, the first.

    Args:
        fires: whether one of this device would.
        neuron: its index in the whole layer.
        axis: of the devices.

    Returns:
        Whether a neuron spikes, its index, and whether it is one of this device.
    """
    if axis is None:
        return fires, neuron, fires
    chosen = lax.pmin(jnp.where(fires, neuron, _NOBODY), axis)
    return chosen < _NOBODY, chosen, fires & (neuron == chosen)


def varying_state(state: State, of_neurons: Sequence[str], others: Any, axis: str | None) -> State:
    """The state of a loop, which is the same on all devices of the axis but for some fields.

    Args:
        state: a named tuple of arrays.
        of_neurons: names of the fields that belong to the own neurons.
        others: what the loop takes beside it, the weights among it.
        axis: of the devices.
    """
    state = varying_alike(state, others, but=axis)
    own = {} if axis is None else {name: varying_alike(getattr(state, name), others) for name in of_neurons}
    changed: State = state._replace(**own)
    return changed
