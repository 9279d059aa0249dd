"""Finite differences of the output of layers that spike at random, by sampling."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .activations import probability
from .enumeration import THRESHOLD, Weights, expected_output


@jax.jit
def sampled_outputs(
    weights: Weights, x: Float[Array, " pre"], beta: float, drawn: Float[Array, "trials neurons"]
) -> Float[Array, " trials"]:
    """Outputs, 0 or 1, of runs in which a neuron spikes if its random number is below its probability.

    Args:
        weights: of each layer.
        x: input.
        beta: slope of the escape noise.
        drawn: uniform in [0, 1).
    """
    before, first = jnp.broadcast_to(x, (len(drawn), len(x))), 0
    for w in weights:
        p = probability(before @ w - THRESHOLD, beta)
        before = (drawn[:, first : first + w.shape[1]] < p).astype(p.dtype)
        first += w.shape[1]
    return before[:, 0]


def sampled_differences(
    weights: Weights, x: Float[Array, " pre"], beta: float, trials: int, width: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Central differences of the output, with the same random numbers on both sides of a weight.

    Args:
        weights: of each layer.
        x: input.
        beta: slope of the escape noise.
        trials: for each weight.
        width: by how much a weight is moved to both sides.
        rng: draws the random numbers.

    Returns:
        Mean and standard deviation of a trial's difference quotient, ``[weights]`` each.
    """
    found = []
    neurons = sum(w.shape[1] for w in weights)
    for layer, w in enumerate(weights):
        for place in np.ndindex(w.shape):
            drawn = jnp.asarray(rng.random((trials, neurons)))
            above, below = (
                sampled_outputs([*weights[:layer], w.at[place].add(shift), *weights[layer + 1 :]], x, beta, drawn)
                for shift in (width, -width)
            )
            quotients = np.asarray(above - below) / (2 * width)
            found.append((quotients.mean(), quotients.std()))
    means, deviations = np.array(found).T
    return means, deviations


def independent_deviation(weights: Weights, x: Float[Array, " pre"], beta: float, width: float) -> float:
    """Standard deviation of a trial's difference quotient if both sides have random numbers of their own.

    With the probability of a spike at the weights themselves for that on both sides. Arguments as above.
    """
    p = float(expected_output(weights, x, beta))
    return float(np.sqrt(2 * p * (1 - p)) / (2 * width))
