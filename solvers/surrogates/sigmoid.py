"""The derivative of the logistic function."""

import jax
from jaxtyping import Array, Float


def sigmoid(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``4 s (1 - s)`` with ``s = 1 / (1 + exp(-slope x))``, the derivative of the logistic. Peak 1, area ``4 / slope``.

    With scale ``slope / 4`` it is the derivative itself (area 1): that of the mean output of a neuron which escapes
    over the threshold with a logistic probability. Usual slopes: 5 to 25.

    Source: Zenke & Vogels 2021, Neural Comput. 33:899; Gygax & Zenke 2025, Neural Comput. 37:886.
    """
    return 4 * jax.nn.sigmoid(slope * x) * jax.nn.sigmoid(-slope * x)
