"""A triangle."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def triangle(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``max(0, 1 - slope |x|)``. Peak 1, area ``1 / slope``.

    The shape called ReluGrad, ``max(0, alpha (width - |x|))``, is this one with slope ``1 / width`` and scale
    ``alpha width``, hence no entry of its own. Usual: slope 1 with scale 0.3; slope 1 to 2 with scale 1.

    Source: Esser et al. 2016, PNAS 113:11441; Bellec et al. 2018, NeurIPS 31 (scale 0.3).
    """
    return jnp.maximum(0, 1 - slope * jnp.abs(x))
