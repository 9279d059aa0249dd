"""Delays of the connections of a layer, parameters like its weights.

A delay is how much later what a connection carries acts than without it. There are four kinds: of an input channel or
of an input synapse, of a neuron's spikes to its own layer (axonal) or of a recurrent synapse.
"""

from typing import Any, NamedTuple

import jax
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


def delays_of(params: Any) -> Delays:
    """Those of a layer of any neuron model."""
    delays = getattr(params, "delays", None)
    return Delays() if delays is None else delays


def kinds(params: Any) -> tuple[str, ...]:
    """Which kinds of delays a layer has."""
    inputs, recurrent = delays_of(params)
    found = () if inputs is None else ((CHANNEL, INPUT_SYNAPSE)[inputs.ndim - 1],)
    return found if recurrent is None else (*found, (AXON, RECURRENT_SYNAPSE)[recurrent.ndim - 1])


def is_synaptic(params: Any) -> bool:
    """Whether a layer has delays of synapses."""
    return not {INPUT_SYNAPSE, RECURRENT_SYNAPSE}.isdisjoint(kinds(params))


def check_delays(delays: Delays, pre: int, post: int, recurrent: bool) -> None:
    """Refuse impossible delays; values are looked at only where they are known (not under ``jit``).

    Args:
        delays: of a layer.
        pre: number of its inputs.
        post: number of its neurons.
        recurrent: whether it has recurrent connections.

    Raises:
        ValueError: for a wrong shape or an impossible value.
    """
    if delays.recurrent is not None and not recurrent:
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
