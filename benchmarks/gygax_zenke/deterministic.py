"""The network of figures 4 and 5: one neuron, two, one; five weights, the input is 1."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float

from .activations import Activation, sigmoid

Field = Callable[[Array], Float[Array, "points 5"]]


def output(weights: Float[Array, "5"], activation: Activation) -> Float[Array, ""]:
    """``f(u1 f(v1 g) + u2 f(v2 g))`` with ``g = f(w)``; the weights are ``w, v1, v2, u1, u2``."""
    w, v1, v2, u1, u2 = weights
    g = activation(w)
    return activation(u1 * activation(v1 * g) + u2 * activation(v2 * g))


def gradient_field(activation: Activation) -> Field:
    """The derivatives with respect to all weights, at many points of weight space ``[points, 5]``."""
    return jax.jit(jax.vmap(jax.grad(lambda weights: output(weights, activation))))


def true_field(beta: float) -> Field:
    """Of the network of sigmoids; unlike JAX's own derivative of a sigmoid it is not rounded to 0 where it is steep."""
    return gradient_field(sigmoid(beta, beta))
