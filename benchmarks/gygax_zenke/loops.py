"""Figure 5: integrals of the surrogate gradient around a closed loop in weight space."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.stats import ortho_group

from gradlab.measuring.circulation import Circle, Look, circulation
from gradlab.measuring.finite_differences import relative_error
from solvers.surrogates import spike

from .activations import Activation, logistic, step
from .deterministic import Field, gradient_field, output, true_field

_WEIGHTS = 5
_RADIUS = 1.8
_SHOWN = 500  # points, about, of the loop that are recorded
_REFINEMENTS = 7  # of the sums, each with twice as many points


def loop(seed: int) -> Circle:
    """A circle around the origin of weight space in a random plane; with seed 124 that of the paper."""
    first, second = ortho_group.rvs(_WEIGHTS, random_state=seed)[:2]
    return Circle(np.zeros(_WEIGHTS), np.stack([second, first]), _RADIUS)


def integrand(field: Field, circle: Circle, steps: int) -> Float[np.ndarray, " steps"]:
    """Gradient times tangent at angles in equal distances, from 0 on."""
    angles = 2 * np.pi * np.arange(steps) / steps
    at, along = (np.cos(angles), np.sin(angles)), (-np.sin(angles), np.cos(angles))
    points, tangents = (circle.radius * np.stack(turn, 1) @ circle.across for turn in (at, along))
    return np.sum(np.asarray(field(jnp.asarray(points))) * tangents, 1)


def piecewise(on: Activation, circle: Circle) -> tuple[float, float]:
    """The integral piece by piece between the places at which a neuron's output jumps, and its numerical error."""

    @jax.jit
    def all_at(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
        w, v1, v2, *_ = weights
        g = on(w)
        y, gradient = jax.value_and_grad(output)(weights, on)
        return jnp.stack([g, on(v1 * g), on(v2 * g), y]), gradient

    def look(point: np.ndarray) -> Look:
        outputs, gradient = (np.asarray(each) for each in all_at(point))
        return Look(float(outputs[-1]), gradient, trains=outputs[:, None], order=outputs)

    found = circulation(look, circle)
    return found.integral, found.error


def loops(surrogate_betas: Sequence[float], steps: int, seed: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Of the surrogate gradients of the network of steps, and of the true ones of networks of sigmoids.

    Args:
        surrogate_betas: slopes of the surrogates, and of the sigmoids.
        steps: points of the coarsest sum.
        seed: of the plane.
    """
    circle, counts = loop(seed), [steps * 2**n for n in range(_REFINEMENTS)]
    finest = counts[-1]
    shown = slice(None, None, finest // _SHOWN)
    metrics: dict[str, float] = {}
    lines = []
    for beta in surrogate_betas:
        around, true = (integrand(field, circle, finest) for field in (gradient_field(step(beta)), true_field(beta)))
        # The points of a coarser sum are among those of the finest.
        sums = [float(np.mean(around[:: finest // count])) * 2 * np.pi for count in counts]
        value, error = piecewise(step(beta), circle)
        as_spikes = partial(spike, surrogate=logistic(beta))
        found = {
            "integral": value,
            "integral_error": error,
            "integral_one_at_zero": piecewise(as_spikes, circle)[0],
            "integral_true": float(np.mean(true)) * 2 * np.pi,
            "sum_error": relative_error(sums[-1], value),
        }
        metrics |= {f"loop_{name}_beta_{beta:g}": each for name, each in found.items()}
        so_far = np.cumsum(around)[shown] * 2 * np.pi / finest
        lines.append({"beta": beta, "integral": value, "sums": sums, "integrand": around[shown], "so_far": so_far,
                      "true": true[shown]})  # fmt: skip
    return metrics, {"steps": counts, "angle": 2 * np.pi * np.arange(finest)[shown] / finest, "loops": lines}
