"""Surrogate derivatives: what stands in for the derivative of the step function at the threshold.

The argument ``x = (v - threshold) / threshold`` is the distance from the threshold in units of the threshold. Every
shape here has peak 1 at ``x = 0``, so that a factor in front of it (``Surrogate.scale``) is the peak itself: it is this
scale, much more than the shape, that decides whether training succeeds (Zenke & Vogels 2021, Neural Comput. 33:899).
Libraries differ in their normalisation (peak 1, area 1 or neither) and in their slope, so slopes and scales cannot be
compared by name; each docstring gives peak and area, and the slope and scale that express common conventions.

A new shape is one file and one line in ``SURROGATES``.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

import jax
from jaxtyping import Array, Float

from ..fields import NotNegative, Positive, check_fields
from .arctan import arctan as arctan
from .boxcar import boxcar as boxcar
from .gaussian import gaussian as gaussian
from .sigmoid import sigmoid as sigmoid
from .superspike import superspike as superspike
from .triangle import triangle as triangle

SURROGATES: dict[str, Callable[[Array, float], Array]] = {
    "superspike": superspike,
    "sigmoid": sigmoid,
    "triangle": triangle,
    "gaussian": gaussian,
    "arctan": arctan,
    "boxcar": boxcar,
}
if TYPE_CHECKING:
    SurrogateName = str
else:
    SurrogateName = Literal[tuple(SURROGATES)]


class Derivative(Protocol):
    """What stands in for the derivative of a spike."""

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """With respect to ``x``, the distance from the threshold [threshold]."""


@dataclasses.dataclass(frozen=True)
class Surrogate:
    """A shape from ``SURROGATES`` with its width and height; hashable, so that it can be a static argument.

    Attributes:
        name: key of ``SURROGATES``.
        slope: steepness [1 / threshold], > 0; the width of the shape is proportional to its inverse.
        scale: the derivative at the threshold, >= 0; with 0 no gradient passes a spike, which is the true derivative.

    Raises:
        ValueError: for a field of another type or out of range.
    """

    name: SurrogateName = "superspike"
    slope: Positive = 10.0
    scale: NotNegative = 1.0

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The surrogate derivative of a spike with respect to ``x``, the distance from the threshold [threshold]."""
        return self.scale * SURROGATES[self.name](x, self.slope)


@dataclasses.dataclass(frozen=True)
class Plain:
    """A function of one's own in place of a ``Surrogate``; compiled anew for each function object.

    Attributes:
        derivative: of a spike with respect to the distance from the threshold [threshold], in the shape of it.
    """

    derivative: Callable[[Array], Array]


AnySurrogate = Surrogate | Plain | Callable[[Array], Array]


def as_surrogate(given: Any) -> Any:
    """A ``Plain`` of a function; anything else as it is."""
    return Plain(given) if callable(given) else given


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def spike(
    x: Float[Array, "*shape"], surrogate: Derivative, level: Float[Array, "*shape"] | None = None
) -> Float[Array, "*shape"]:
    """1 where ``x`` is at a level or above, otherwise 0; differentiated as if its slope were that of the surrogate.

    Args:
        x: distance of the voltage from the threshold [threshold].
        surrogate: the stand-in for the derivative, ``surrogate.derivative(x)``.
        level: 0 by default; random with escape noise. It has no derivative.

    Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
    """
    return (x >= (0 if level is None else level)).astype(x.dtype)


@spike.defjvp
def _spike_jvp(surrogate: Derivative, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    x, level = primals
    return spike(x, surrogate, level), surrogate.derivative(x) * tangents[0]
