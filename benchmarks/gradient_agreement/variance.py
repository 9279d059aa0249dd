"""How much of what a small change of the weights does to the loss does each gradient predict?

The loss of a spiking network in continuous time changes smoothly as spikes move, and in jumps as they appear and
vanish. Along random directions of the hidden weights the change over a finite length is compared with what a gradient
predicts; the share of the variance that is explained is ``1 - sum (change - predicted)^2 / sum change^2``.

The slope of the changes over the predicted ones tells which average of the loss a gradient stands for: for Gaussian
directions its mean is the component, along the gradient and relative to it, of the gradient of the loss averaged over
changes of all weights of that length (Stein's lemma). Where it is 1, both are equally long.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np
import optax
from jaxtyping import Float
from tqdm import tqdm

from gradlab.measuring.line_scans import look, step
from gradlab.methods import EventPropSmooth
from gradlab.networks.params import NetworkParams
from gradlab.training.objective import Objective
from gradlab.training.trained import split_params
from solvers.eventprop import Smoothing

from .problem import EXACT, SMOOTH, USUAL, Problem, Row, Rows, loss_at

WIDTHS = (0.1, 0.25, 1.0)  # of the smoothing's kernel, beside its own [threshold]
CONTINUOUS, GRID = "continuous time", "grid"


class Prediction(NamedTuple):
    """A gradient that predicts the change of the loss in a simulator.

    Attributes:
        method: whose it is.
        gradient: mean over batches.
        simulator: in which the loss changes.
        half_width: of the smoothing, if it is smoothed.
    """

    method: str
    gradient: NetworkParams
    simulator: str
    half_width: float | None = None

    def of(self, directions: Sequence[NetworkParams], length: float) -> Float[np.ndarray, " directions"]:
        """The changes that it predicts over a length along each direction."""
        inner = [
            np.vdot(getattr(g, name), getattr(d, name))
            for direction in directions for g, d in zip(self.gradient.layers, direction.layers, strict=True)
            for name in ("w_in", "w_rec") if getattr(g, name) is not None
        ]  # fmt: skip
        return length * np.sum(np.reshape(inner, (len(directions), -1)), 1)


def variance(
    problem: Problem, points: Mapping[str, NetworkParams], batches: int, directions: int, lengths: Sequence[float]
) -> Rows:
    """A row for each point, length, gradient and simulator.

    Args:
        problem: network and data.
        points: weights, by their names.
        batches: over which loss and gradients are averaged.
        directions: random ones.
        lengths: of the changes, Euclidean [threshold].
    """
    rows: Rows = []
    judges = {CONTINUOUS: problem.exact, GRID: problem.surrogate()}
    for name, params in points.items():
        drawn = [random_direction(params, np.random.default_rng([problem.seed, k])) for k in range(directions)]
        found = predictions(problem, params, batches)
        for length in tqdm(lengths, f"variance, {name}", unit="length"):
            changes = {
                place: np.array([change_along(problem, judge, params, each, length, batches) for each in drawn])
                for place, judge in judges.items()
            }
            for each in found:
                row: Row = {"point": name, "length": length, "method": each.method, "simulator": each.simulator}
                row |= {"half_width": each.half_width} | agreement(changes[each.simulator], each.of(drawn, length))
                rows.append(row)
    return rows


def predictions(problem: Problem, params: NetworkParams, batches: int) -> list[Prediction]:
    """Of each method, and of the smoothed gradient with several half-widths, of which the usual one comes first."""

    def mean_gradient(objective: Objective) -> NetworkParams:
        looks = [look(objective, params, *problem.batch(k)).gradient for k in range(batches)]
        return jax.tree.map(lambda *each: np.mean(each, 0), *looks)

    surrogate = mean_gradient(problem.surrogate())
    found = [
        Prediction(EXACT.name, mean_gradient(problem.exact), CONTINUOUS),
        Prediction(USUAL.method.name, surrogate, CONTINUOUS),
        Prediction(USUAL.method.name, surrogate, GRID),
    ]
    for width in (SMOOTH.smoothing.half_width, *WIDTHS):
        gradient = mean_gradient(problem.objective(EventPropSmooth(smoothing=Smoothing(half_width=width))))
        found.append(Prediction(SMOOTH.name, gradient, CONTINUOUS, width))
    return found


def random_direction(params: NetworkParams, rng: np.random.Generator) -> NetworkParams:
    """White noise on all weights into hidden neurons, of length 1; nothing on the rest."""
    zeros = jax.tree.map(np.zeros_like, split_params(params)[0])
    drawn = [
        zero._replace(**{
            name: rng.normal(size=getattr(zero, name).shape).astype(np.float32)
            for name in ("w_in", "w_rec") if getattr(zero, name) is not None
        })
        for zero in zeros.layers
    ]  # fmt: skip
    noise = zeros._replace(layers=tuple(drawn))
    return jax.tree.map(lambda x: x / float(optax.tree.norm(noise)), noise)


def change_along(
    problem: Problem, judge: Objective, params: NetworkParams, direction: NetworkParams, length: float, batches: int
) -> float:
    """Half of the difference of the mean loss between both sides of a point."""
    sides = [step(params, direction, sign * length) for sign in (-1, 1)]
    up, down = (np.mean([loss_at(judge, side, *problem.batch(k)).loss for k in range(batches)]) for side in sides)
    return float(up - down) / 2


def agreement(changes: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Share of the variance that is explained, slope of the change over the prediction, and the changes' size."""
    power = float(np.sum(changes**2))
    return {
        "explained": 1 - float(np.sum((changes - predicted) ** 2)) / power,
        "slope": float(np.vdot(changes, predicted) / np.vdot(predicted, predicted)),
        "rms_change": float(np.sqrt(np.mean(changes**2))),
    }
