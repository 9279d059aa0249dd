"""A layer whose neurons are spread over the devices of a mesh axis, for weights that do not fit one of them."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec
from jaxtyping import Array

from ..checks import axes_of, checked, varying_alike
from ..checks.findings import Finding, wrong_samples
from ..events import Events


def neuron_specs(params: Any, axis: str) -> Any:
    """How a layer is spread over an axis by neuron: columns of the weights, constants of each neuron.

    Args:
        params: of the whole layer, or a pytree of such.
        axis: of a mesh.

    Returns:
        A ``PartitionSpec`` in the place of each array, for ``in_specs`` of ``jax.shard_map``.
    """
    return jax.tree.map(lambda x: PartitionSpec(*[None] * (x.ndim - 1), axis) if x.ndim else PartitionSpec(), params)


def checked_shard(params: Any, events: Events, duration: float, axis: str) -> tuple[Any, Events, Array]:
    """As ``checks.checked``, for the neurons that a device of an axis has, and events that are the same on all.

    Raises:
        ValueError: likewise, and for what is not such a part of a layer.
    """
    if axis not in axes_of(params.w_in):
        raise ValueError(
            f"axis is {axis!r}, but w_in does not vary over it: call the layer under jax.shard_map, with check_vma as "
            f"by default, and give it solvers.eventprop.neuron_specs(params, {axis!r}) for the parameters"
        )
    if any(axis in axes_of(x) for x in jax.tree.leaves(events)):
        raise ValueError(f"the events vary over the axis {axis!r} of the neurons: give all of them to each device")
    if params.delays is not None:
        raise ValueError("delays are given beside an axis of neurons, expected none: leave one of them out")
    w_rec, neurons = params.w_rec, params.w_in.shape[1]
    (params,), events, wrong = checked([params._replace(w_rec=None)], events, duration, neuron_axis=axis)
    if w_rec is None:
        return params, events, wrong
    expected = (lax.axis_size(axis) * neurons, neurons)
    if w_rec.shape != expected or w_rec.dtype != params.w_in.dtype:
        raise ValueError(
            f"w_rec has shape {w_rec.shape} and type {w_rec.dtype} on a device, expected {expected} and "
            f"{params.w_in.dtype}: the weights from all neurons to those of the device"
        )
    infinite = lax.psum(jnp.sum(~jnp.isfinite(w_rec)), axis) > 0
    wrong |= wrong_samples([Finding("w_rec holds a weight that is not finite: give finite weights", infinite)], 1)
    return params._replace(w_rec=varying_alike(w_rec, params)), events, wrong


def of_device(spikes: Any, neurons: int, axis: str | None) -> Any:
    """Spikes with the units of a device's own neurons, of which there are so many, counted from 0."""
    return spikes if axis is None else spikes._replace(units=spikes.units - neurons * lax.axis_index(axis))
