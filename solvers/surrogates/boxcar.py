"""A box."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def boxcar(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """1 where ``|x| <= 1 / (2 slope)``, otherwise 0. Peak 1, area ``1 / slope``.

    Usual: slope 1 with scale 1, or slope 0.5 with scale 0.5.

    Source: Wu et al. 2018, Front. Neurosci. 12:331; Bittar & Garner 2022, Front. Neurosci. 16:865897.
    """
    return (2 * slope * jnp.abs(x) <= 1).astype(x.dtype)
