"""The check of both simulators: layers and the events that they are given."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from ..events import Events, Packed
from ..neurons import Parameters
from .events import event_findings, in_32_bits
from .findings import wrong_samples
from .params import check_layer, layer_findings
from .varying import refuse_explicit, varying_alike


class Arguments(NamedTuple):
    """What is simulated.

    Attributes:
        layers: parameters of each layer.
        events: input of a batch, padded or packed as it was given.
        wrong: the samples with which something is wrong; there are none on a CPU, where it raises.
    """

    layers: list[Any]
    events: Any
    wrong: Bool[Array, " batch"]


def checked(
    layers: Sequence[Parameters], events: Events | Packed, duration: float, *, neuron_axis: str | None = None
) -> Arguments:
    """Layers and events that can be simulated together for a duration [s]; the events are those of a batch.

    Packed events come from a layer, which made them right; they are not looked at. With a ``neuron_axis`` of
    ``jax.shard_map`` the layers have some of their neurons on each of its devices; events do not vary over it.

    Raises:
        TypeError: if something is of another type.
        ValueError: for impossible values, what does not fit together, or arrays that are spread over an explicit mesh;
            see ``wrong_samples`` for values that are not known yet.
    """
    if isinstance(layers, Parameters) or not isinstance(layers, Sequence):
        raise TypeError(f"layers are of type {type(layers).__name__}, expected a list of the parameters of each layer")
    if not layers:
        raise ValueError("got no layers, expected at least one")
    for params in layers:
        check_layer(params)
    refuse_explicit((list(layers), events))
    for before, after in zip(layers[:-1], layers[1:], strict=True):
        neurons, inputs = before.w_in.shape[1], after.w_in.shape[0]
        if neurons != inputs:
            raise ValueError(f"a layer of {neurons} neurons feeds one of {inputs} inputs: make them equal")
        if before.w_in.dtype != after.w_in.dtype:
            raise ValueError(f"layers have types {before.w_in.dtype} and {after.w_in.dtype}: make them equal")
    inputs, findings = layers[0].w_in.shape[0], []
    if isinstance(events, Events):
        events = in_32_bits(events, inputs, layers[0].w_in.dtype)
        findings = event_findings(events, inputs)
    for params in layers:
        findings += layer_findings(params, duration)
    wrong = wrong_samples(findings, len(events.count))
    arrays: Any = jax.tree.map(jnp.asarray, (list(layers), events))
    if neuron_axis is not None:
        wrong = jax.lax.pmax(wrong.astype(jnp.int32), neuron_axis) > 0
    return Arguments(varying_alike(arrays[0], arrays[1]), varying_alike(arrays[1], arrays[0], but=neuron_axis), wrong)
