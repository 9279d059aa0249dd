"""Delays of the connections of a layer, parameters like its weights.

A delay is how much later what a connection carries acts than without it. There are four kinds: of an input channel or
of an input synapse, of a neuron's spikes to its own layer (axonal) or of a recurrent synapse. Those of all synapses
can follow from positions in space.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

CHANNEL, INPUT_SYNAPSE = "input channel", "input synapse"
AXON, RECURRENT_SYNAPSE = "neuron", "recurrent synapse"


class Delays(NamedTuple):
    """Delays of a layer [s], >= 0; a JAX pytree.

    Attributes:
        inputs: of the connections from the inputs, ``[pre]`` or ``[pre, post]``; None: there are none.
        recurrent: of the recurrent connections beside the layer's shortest transmission delay, ``[post]`` by the neuron
            that they come from, or ``[post, post]`` as ``[pre, post]``; None: there are none.
    """

    inputs: Float[Array, "*synapses_in"] | None = None
    recurrent: Float[Array, "*synapses"] | None = None


class Positions(NamedTuple):
    """Where the connections of a layer begin and end; the delay of each synapse is the distance. A JAX pytree.

    A place is given in the time that a signal takes along each axis [s], so that distances are delays. A neuron's
    connection to itself has none beside the layer's transmission delay.

    Attributes:
        inputs: ``[pre, axes]``.
        neurons: ``[post, axes]``.
    """

    inputs: Float[Array, "pre axes"]
    neurons: Float[Array, "post axes"]


def delays_of(params: Any) -> Delays:
    """Those of a layer of any neuron model, also where they follow from positions; differentiable."""
    delays = getattr(params, "delays", None)
    if isinstance(delays, Positions):
        own = None if params.w_rec is None else _distances(delays.neurons, delays.neurons)
        return Delays(_distances(delays.inputs, delays.neurons), own)
    return Delays() if delays is None else delays


def _distances(begin: Array, end: Array) -> Array:
    square = jnp.sum((begin[:, None] - end[None]) ** 2, axis=-1)
    apart = square != 0  # at one place the distance has no derivative: it is given none
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1)), 0)


def kinds(params: Any) -> tuple[str, ...]:
    """Which kinds of delays a layer has; shapes of its parameters are enough."""
    if isinstance(getattr(params, "delays", None), Positions):
        return (INPUT_SYNAPSE,) if params.w_rec is None else (INPUT_SYNAPSE, RECURRENT_SYNAPSE)
    inputs, recurrent = delays_of(params)
    found = () if inputs is None else ((CHANNEL, INPUT_SYNAPSE)[inputs.ndim - 1],)
    return found if recurrent is None else (*found, (AXON, RECURRENT_SYNAPSE)[recurrent.ndim - 1])


def is_synaptic(params: Any) -> bool:
    """Whether a layer has delays of synapses."""
    return not {INPUT_SYNAPSE, RECURRENT_SYNAPSE}.isdisjoint(kinds(params))


def check_delays(params: Any) -> None:
    """Refuse impossible delays of a layer; values are looked at only where they are known (not under ``jit``).

    Raises:
        ValueError: for a wrong shape or an impossible value.
    """
    pre, post = params.w_in.shape
    given = getattr(params, "delays", None)
    if isinstance(given, Positions):
        _check_positions(given, pre, post)
    delays = delays_of(params)
    if delays.recurrent is not None and params.w_rec is None:
        raise ValueError("delays.recurrent are given, but no weights w_rec: leave them out, or give weights")
    for name, sources in (("inputs", pre), ("recurrent", post)):
        values = getattr(delays, name)
        if values is None:
            continue
        if values.shape not in ((sources,), (sources, post)):
            raise ValueError(
                f"delays.{name} has shape {values.shape}, expected {(sources,)}, one for each source, or "
                f"{(sources, post)}, one for each synapse"
            )
        if not isinstance(values, jax.core.Tracer) and not np.all((np.asarray(values) >= 0) & np.isfinite(values)):
            raise ValueError(f"delays.{name} holds a delay below 0 or not finite, expected delays in seconds, >= 0")


def _check_positions(positions: Positions, pre: int, post: int) -> None:
    axes = positions.neurons.shape[-1] if positions.neurons.ndim == 2 else 3
    for name, count in (("inputs", pre), ("neurons", post)):
        shape = getattr(positions, name).shape
        if shape != (count, axes):
            raise ValueError(f"positions.{name} have shape {shape}, expected {(count, axes)}: a place for each")
