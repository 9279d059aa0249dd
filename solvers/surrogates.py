"""Surrogate derivatives: what stands in for the derivative of the step function at the threshold.

The argument ``x = (v - threshold) / threshold`` is the distance from the threshold in units of the threshold. Every
shape here has peak 1 at ``x = 0``, so that a factor in front of it (``Surrogate.scale``) is the peak itself: it is this
scale, much more than the shape, that decides whether training succeeds (Zenke & Vogels 2021, Neural Comput. 33:899).
Libraries differ in their normalisation (peak 1, area 1 or neither) and in their slope, so slopes and scales cannot be
compared by name; each docstring gives peak and area, and the slope and scale that express common conventions.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def superspike(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``1 / (1 + slope |x|)^2``, the derivative of a fast sigmoid. Peak 1, area ``2 / slope``.

    Usual slopes: 10 (Zenke & Vogels 2021) to 100; a scale equal to the slope is the asymptotic variant of area 2.

    Source: Zenke & Ganguli 2018, Neural Comput. 30:1514.
    """
    return 1 / jnp.square(1 + slope * jnp.abs(x))


def sigmoid(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``4 s (1 - s)`` with ``s = 1 / (1 + exp(-slope x))``, the derivative of the logistic. Peak 1, area ``4 / slope``.

    With scale ``slope / 4`` it is the derivative itself (area 1): that of the mean output of a neuron which escapes
    over the threshold with a logistic probability. Usual slopes: 5 to 25.

    Source: Zenke & Vogels 2021, Neural Comput. 33:899; Gygax & Zenke 2025, Neural Comput. 37:886.
    """
    return 4 * jax.nn.sigmoid(slope * x) * jax.nn.sigmoid(-slope * x)


def triangle(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``max(0, 1 - slope |x|)``. Peak 1, area ``1 / slope``.

    The shape called ReluGrad, ``max(0, alpha (width - |x|))``, is this one with slope ``1 / width`` and scale
    ``alpha width``, hence no entry of its own. Usual: slope 1 with scale 0.3; slope 1 to 2 with scale 1.

    Source: Esser et al. 2016, PNAS 113:11441; Bellec et al. 2018, NeurIPS 31 (scale 0.3).
    """
    return jnp.maximum(0, 1 - slope * jnp.abs(x))


def gaussian(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``exp(-(slope x)^2 / 2)``: a standard deviation of ``1 / slope``. Peak 1, area ``sqrt(2 pi) / slope``.

    Usual: slope 2 with a scale of 0.4.

    Source: Yin, Corradi & Bohte 2021, Nat. Mach. Intell. 3:905.
    """
    return jnp.exp(-jnp.square(slope * x) / 2)


def arctan(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """``1 / (1 + (slope x)^2)``, the derivative of an arctangent. Peak 1, area ``pi / slope``.

    The form ``(alpha / 2) / (1 + (pi alpha x / 2)^2)`` has slope ``pi alpha / 2`` and scale ``alpha / 2``; usual is
    alpha = 2.

    Source: Fang et al. 2021, ICCV, 2661.
    """
    return 1 / (1 + jnp.square(slope * x))


def boxcar(x: Float[Array, "*shape"], slope: float) -> Float[Array, "*shape"]:
    """1 where ``|x| <= 1 / (2 slope)``, otherwise 0. Peak 1, area ``1 / slope``.

    Usual: slope 1 with scale 1, or slope 0.5 with scale 0.5.

    Source: Wu et al. 2018, Front. Neurosci. 12:331; Bittar & Garner 2022, Front. Neurosci. 16:865897.
    """
    return (2 * slope * jnp.abs(x) <= 1).astype(x.dtype)


SURROGATES: dict[str, Callable[[Array, float], Array]] = {
    "superspike": superspike,
    "sigmoid": sigmoid,
    "triangle": triangle,
    "gaussian": gaussian,
    "arctan": arctan,
    "boxcar": boxcar,
}


@dataclasses.dataclass(frozen=True)
class Surrogate:
    """A shape from ``SURROGATES`` with its width and height; hashable, so that it can be a static argument.

    Attributes:
        name: key of ``SURROGATES``.
        slope: steepness [1 / threshold], > 0; the width of the shape is proportional to its inverse.
        scale: the derivative at the threshold, >= 0; with 0 no gradient passes a spike, which is the true derivative.

    Raises:
        ValueError: for an unknown name, a slope that is not positive or a negative scale.
    """

    name: str = "superspike"
    slope: float = 10.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        if self.name not in SURROGATES:
            raise ValueError(f"unknown surrogate {self.name!r}; choose one of {', '.join(SURROGATES)}")
        if not 0 < self.slope < math.inf:
            raise ValueError(f"surrogate slope is {self.slope:g}, expected a positive finite number")
        if not 0 <= self.scale < math.inf:
            raise ValueError(f"surrogate scale is {self.scale:g}, expected a finite number, not negative")

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The surrogate derivative of a spike with respect to ``x``, the distance from the threshold [threshold]."""
        return self.scale * SURROGATES[self.name](x, self.slope)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def spike(x: Float[Array, "*shape"], surrogate: Surrogate) -> Float[Array, "*shape"]:
    """1 where ``x >= 0``, otherwise 0; differentiated as if its slope were ``surrogate.derivative(x)``.

    Args:
        x: distance of the voltage from the threshold [threshold].
        surrogate: the stand-in for the derivative.

    Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
    """
    return (x >= 0).astype(x.dtype)


@spike.defjvp
def _spike_jvp(surrogate, primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return spike(x, surrogate), surrogate.derivative(x) * x_dot
