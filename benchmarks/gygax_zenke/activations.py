"""Outputs of a neuron, and the derivatives that stand in for theirs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient
from jaxtyping import Array, Float

from solvers.surrogates import Surrogate

Activation = Callable[[Array], Array]


def probability(x: Float[Array, "*shape"], beta: float) -> Float[Array, "*shape"]:
    """That a neuron spikes whose voltage is ``x`` above the threshold: ``sigma_beta(x) = 1 / (1 + exp(-beta x))``."""
    return jax.nn.sigmoid(beta * x)


def logistic(beta: float) -> Surrogate:
    """The surrogate ``beta sigma_beta (1 - sigma_beta)``, the derivative of ``probability``, of area 1."""
    return Surrogate("sigmoid", slope=beta, scale=beta / 4)


def with_surrogate(value: Float[Array, "*shape"], x: Float[Array, "*shape"], beta: float) -> Float[Array, "*shape"]:
    """``value``, unchanged, differentiated as if its derivative with respect to ``x`` were ``logistic(beta)``."""
    return stop_gradient(value) + stop_gradient(logistic(beta).derivative(x)) * (x - stop_gradient(x))


def sigmoid(beta: float, surrogate_beta: float) -> Activation:
    """A differentiable output with a surrogate derivative; its own if both slopes are equal."""
    return lambda x: with_surrogate(probability(x, beta), x, surrogate_beta)


def step(surrogate_beta: float) -> Activation:
    """The limit of a steep sigmoid, with a surrogate derivative.

    It is 1/2 at exactly 0, unlike ``solvers.surrogates.spike``: neurons whose only input is silent are there.
    """
    return lambda x: with_surrogate(jnp.heaviside(x, 0.5), x, surrogate_beta)
