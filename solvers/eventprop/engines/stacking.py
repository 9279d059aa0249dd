"""One matrix for all weights of a layer, as engines take them: rows of the inputs, below them the recurrent ones."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...neurons import Parameters


def stacked_weights(params: Parameters) -> Float[Array, "pre post"]:
    """Rows of the inputs, and below them those of the layer's own neurons."""
    return params.w_in if params.w_rec is None else jnp.concatenate([params.w_in, params.w_rec])


def as_params(params: Any, d_weights: Float[Array, "pre post"], d_constants: Sequence[Float[Array, " post"]]) -> Any:
    """A gradient in the shape of the parameters.

    Args:
        params: of the layer.
        d_weights: of ``stacked_weights``.
        d_constants: of each neuron's constants, in the order of the fields; summed up where the layer shares one.
    """
    w_in, w_rec, *constants = params
    return type(params)(
        d_weights[: len(w_in)],
        None if w_rec is None else d_weights[len(w_in) :],
        *(d if x.ndim else d.sum() for d, x in zip(d_constants, constants, strict=True)),
    )
