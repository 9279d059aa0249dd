"""Layers of binary neurons that spike at random, exactly: sums over all paths, that is, over all that they can do."""

import itertools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .activations import probability, with_surrogate

THRESHOLD = 0.5
Weights = Sequence[Array]  # of each layer, ``[pre, post]``; the last one has a single output
Unit = Callable[[Array, Array], Array]  # an output from what was drawn and the distance from the threshold


def paths(weights: Weights) -> list[Float[np.ndarray, "paths neurons"]]:
    """All activities of the hidden layers, a row each."""
    widths = [w.shape[1] for w in weights[:-1]]
    every = np.array(list(itertools.product((0.0, 1.0), repeat=sum(widths))))
    return np.split(every, np.cumsum(widths)[:-1], axis=1)


def path_probabilities(
    weights: Weights, x: Float[Array, " pre"], beta: float
) -> tuple[Float[Array, " paths"], Float[Array, " paths"]]:
    """How probable each path is, and that the output spikes after it.

    Args:
        weights: of each layer.
        x: input.
        beta: slope of the escape noise.
    """
    layers = paths(weights)
    before, total = jnp.broadcast_to(x, (len(layers[0]), len(x))), jnp.ones(len(layers[0]))
    for w, activity in zip(weights[:-1], layers, strict=True):
        p = probability(before @ w - THRESHOLD, beta)
        total *= jnp.prod(jnp.where(activity == 1, p, 1 - p), 1)
        before = jnp.asarray(activity)
    return total, probability(before @ weights[-1] - THRESHOLD, beta)[:, 0]


def expected_output(weights: Weights, x: Float[Array, " pre"], beta: float) -> Float[Array, ""]:
    """Probability that the output spikes. Arguments as ``path_probabilities``."""
    return jnp.dot(*path_probabilities(weights, x, beta))


def exact_gradient(weights: Weights, x: Float[Array, " pre"], beta: float) -> Float[Array, " weights"]:
    """Of the expected output, all layers in a row. Arguments as ``path_probabilities``."""
    return _flat(jax.grad(expected_output)(list(weights), x, beta))


def path_gradients(weights: Weights, x: Float[Array, " pre"], unit: Unit) -> Float[Array, "paths weights"]:
    """Derivatives of the output on each path.

    Args:
        weights: of each layer.
        x: input.
        unit: differentiates a neuron, such as ``by_surrogate``.
    """

    def output(weights: Weights, layers: list[Array]) -> Array:
        before = x
        for w, activity in zip(weights, [*layers, jnp.zeros(1)], strict=True):
            before = unit(activity, before @ w - THRESHOLD)
        return before[0]

    layers = [jnp.asarray(activity) for activity in paths(weights)]
    return _flat(jax.vmap(jax.grad(output), (None, 0))(list(weights), layers))


def by_surrogate(beta: float) -> Unit:
    """Back-propagation through what was drawn, with the surrogate."""
    return lambda drawn, x: with_surrogate(drawn, x, beta)


def smoothed(beta: float) -> Unit:
    """The smoothed stochastic derivative: each output moves as its expectation does, given the layer before.

    Source: Arya et al. 2022, NeurIPS 35 (automatic differentiation of programs with discrete randomness).
    """

    def unit(drawn: Array, x: Array) -> Array:
        expectation = probability(x, beta)
        return drawn + (expectation - jax.lax.stop_gradient(expectation))

    return unit


def _flat(layers: Weights) -> Float[Array, "*paths weights"]:
    return jnp.concatenate([layer.reshape(*layer.shape[:-2], -1) for layer in layers], -1)
