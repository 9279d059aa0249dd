"""SuperSpike: the derivative of a fast sigmoid."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def superspike(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``1 / (1 + slope |x|)^2``, the derivative of a fast sigmoid. Peak 1, area ``2 / slope``.

    Usual slopes: 10 (Zenke & Vogels 2021) to 100; a scale equal to the slope is the asymptotic variant of area 2.

    Source: Zenke & Ganguli 2018, Neural Comput. 30:1514.
    """
    return 1 / jnp.square(1 + slope * jnp.abs(x))
