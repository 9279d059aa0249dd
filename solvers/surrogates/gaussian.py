"""A Gaussian bump."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def gaussian(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``exp(-(slope x)^2 / 2)``: a standard deviation of ``1 / slope``. Peak 1, area ``sqrt(2 pi) / slope``.

    Usual: slope 2 with a scale of 0.4.

    Source: Yin, Corradi & Bohte 2021, Nat. Mach. Intell. 3:905.
    """
    return jnp.exp(-jnp.square(slope * x) / 2)
