"""One matrix for all weights of a layer, as engines take them: rows of the inputs, below them the recurrent ones."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..lif import LIFParams


def stacked_weights(params: LIFParams) -> Float[Array, "pre post"]:
    """Rows of the inputs, and below them those of the layer's own neurons."""
    return params.w_in if params.w_rec is None else jnp.concatenate([params.w_in, params.w_rec])


def as_params(
    params: LIFParams, d_weights: Float[Array, "pre post"], d_constants: Sequence[Float[Array, " post"]]
) -> LIFParams:
    """A gradient in the shape of the parameters.

    Args:
        params: of the layer.
        d_weights: of ``stacked_weights``.
        d_constants: of each neuron's tau_mem, tau_syn, threshold and reset; summed up where the layer shares one.
    """
    constants = (params.tau_mem, params.tau_syn, params.threshold, params.reset)
    return LIFParams(
        d_weights[: params.inputs],
        None if params.w_rec is None else d_weights[params.inputs :],
        *(d if x.ndim else d.sum() for d, x in zip(d_constants, constants, strict=True)),
    )
