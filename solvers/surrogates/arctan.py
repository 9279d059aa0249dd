"""The derivative of an arctangent."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def arctan(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``1 / (1 + (slope x)^2)``, the derivative of an arctangent. Peak 1, area ``pi / slope``.

    The form ``(alpha / 2) / (1 + (pi alpha x / 2)^2)`` has slope ``pi alpha / 2`` and scale ``alpha / 2``; usual is
    alpha = 2.

    Source: Fang et al. 2021, ICCV, 2661.
    """
    return 1 / (1 + jnp.square(slope * x))
