"""Escape noise: spikes are drawn, with a probability that grows with the voltage.

A neuron spikes in a step if its voltage exceeds a random level, drawn anew for each neuron and step. The probability of
a spike is the distribution function of the level; its derivative, which is the density of the level, is the surrogate
derivative that matches: that of the expected output of a single neuron.

Source: Gerstner & Kistler 2002, Spiking Neuron Models, chapter 5 (escape rates); Gygax & Zenke 2025, Neural Comput.
37:886 (surrogate derivatives as those of expected outputs).
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .fields import Positive, check_fields


class Noise(NamedTuple):
    """How a level is distributed, for slope 1.

    Attributes:
        draw: levels from a key, a shape and a type.
        probability: that a level is below, the distribution function.
        density: its derivative.
    """

    draw: Callable[[Any, tuple[int, ...], Any], Array]
    probability: Callable[[Array], Array]
    density: Callable[[Array], Array]


#: ``sigmoid``: a logistic probability. ``exponential``: that of at least one spike in a step of a Poisson process whose
#: rate grows exponentially with the voltage, ``1 - exp(-exp(x))``; at the threshold the rate is one in a step.
ESCAPES: dict[str, Noise] = {
    "sigmoid": Noise(jax.random.logistic, jax.nn.sigmoid, lambda x: jax.nn.sigmoid(x) * jax.nn.sigmoid(-x)),
    "exponential": Noise(
        lambda key, shape, dtype: -jax.random.gumbel(key, shape, dtype),
        lambda x: -jnp.expm1(-jnp.exp(x)),
        lambda x: jnp.exp(x - jnp.exp(x)),
    ),
}
if TYPE_CHECKING:
    EscapeName = str
else:
    EscapeName = Literal[tuple(ESCAPES)]


@dataclasses.dataclass(frozen=True)
class Escape:
    """Escape noise of a name in ``ESCAPES``, in place of a ``Surrogate``; hashable, so that it can be static.

    Attributes:
        name: how the probability of a spike depends on the voltage: sigmoid (logistic), or exponential (a rate that
            grows exponentially).
        slope: steepness [1 / threshold], > 0; the width of the noise is proportional to its inverse.

    Raises:
        ValueError: for a field of another type or out of range.
    """

    name: EscapeName = "sigmoid"
    slope: Positive = 10.0

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)

    def probability(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Of a spike in a step, at a distance ``x`` from the threshold [threshold]."""
        return ESCAPES[self.name].probability(self.slope * x)

    def derivative(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Of the probability with respect to ``x``; area 1."""
        return self.slope * ESCAPES[self.name].density(self.slope * x)

    def levels(self, key: PRNGKeyArray, shape: tuple[int, ...], dtype: Any) -> Float[Array, "..."]:
        """Random levels [threshold]: a neuron spikes where ``x`` reaches its level."""
        return ESCAPES[self.name].draw(key, shape, dtype) / self.slope
