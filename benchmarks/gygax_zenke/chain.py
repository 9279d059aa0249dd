"""Figures 2 and 3, the smallest case: one hidden neuron and one output that spike at random, ``1 -> h -> y``."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .enumeration import by_surrogate, exact_gradient, path_gradients, path_probabilities

CASES = ((10.0, 0.6, 0.7), (2.0, 0.6, 0.7), (10.0, 0.3, 1.2))  # beta of neurons and surrogate, weights of h and y
_CURVE = np.linspace(-0.5, 1.5, 101)  # of the weight of h


def derivatives(w1: Array, w2: float, beta: float) -> tuple[Array, Array]:
    """Of the expected output with respect to the first weight: exact, and the surrogate's mean over all paths.

    Args:
        w1: from the input, which is 1, to h.
        w2: from h to y.
        beta: slope of both neurons and of the surrogate.
    """
    weights, x = [w1.reshape(1, 1), jnp.full((1, 1), w2)], jnp.ones(1)
    each, likely = path_gradients(weights, x, by_surrogate(beta)), path_probabilities(weights, x, beta)[0]
    return exact_gradient(weights, x, beta)[0], likely @ each[:, 0]


def chain() -> tuple[dict[str, float], dict[str, Any]]:
    """Both derivatives in each of ``CASES``, and as curves over the first weight."""
    metrics: dict[str, float] = {}
    curves = []
    for beta, w1, w2 in CASES:
        at = jax.jit(jax.vmap(lambda w, w2=w2, beta=beta: derivatives(w, w2, beta)))
        exact, mean = (np.asarray(each) for each in at(jnp.array([*_CURVE, w1])))
        case = f"beta_{beta:g}_w_{w1:g}_{w2:g}"
        metrics |= {f"chain_exact_{case}": float(exact[-1]), f"chain_smoothed_{case}": float(mean[-1])}
        curves.append({"beta": beta, "w1": w1, "w2": w2, "exact": exact[:-1], "smoothed": mean[:-1],
                       "exact_there": exact[-1], "smoothed_there": mean[-1]})  # fmt: skip
    return metrics, {"w1": _CURVE, "curves": curves}
