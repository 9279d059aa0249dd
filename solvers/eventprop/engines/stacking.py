"""One matrix for all weights of a layer, as engines take them: rows of the inputs, below them the recurrent ones."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...delays import Delays, delays_of, kinds
from ...neurons import Parameters, neuron_of


def stacked_weights(params: Parameters) -> Float[Array, "pre post"]:
    """Rows of the inputs, and below them those of the layer's own neurons."""
    return params.w_in if params.w_rec is None else jnp.concatenate([params.w_in, params.w_rec])


def constants_of(params: Any) -> list[Array]:
    """The constants of a layer, in the order of the fields."""
    return [getattr(params, name) for name in neuron_of(params).constants]


def as_params(
    params: Any,
    d_weights: Float[Array, "pre post"],
    d_constants: Sequence[Float[Array, " post"]],
    d_delays: Float[Array, "*rows post"] | None = None,
) -> Any:
    """A gradient in the shape of the parameters.

    Args:
        params: of the layer.
        d_weights: of ``stacked_weights``.
        d_constants: of each neuron's constants, in the order of the fields; summed up where the layer shares one.
        d_delays: of the recurrent connections, by neuron, or of all synapses in the shape of ``stacked_weights``, if
            the layer has such delays.
    """
    w_in, w_rec = params.w_in, params.w_rec
    constants = zip(neuron_of(params).constants, d_constants, constants_of(params), strict=True)
    changes: dict[str, Any] = {name: d if x.ndim else d.sum() for name, d, x in constants}
    if d_delays is not None and kinds(params):
        inputs, recurrent = delays_of(params)
        own = d_delays if d_delays.ndim == 1 else d_delays[len(w_in) :]
        changes["delays"] = Delays(
            None if inputs is None else d_delays[: len(w_in)],
            None if recurrent is None else own.sum(1) if own.ndim > recurrent.ndim else own,
        )
    return params._replace(
        w_in=d_weights[: len(w_in)], w_rec=None if w_rec is None else d_weights[len(w_in) :], **changes
    )
