"""Which average of the loss does a smoothed gradient stand for?

Averaged over random changes of all hidden weights, or of all thresholds, the loss of a spiking network is smooth. Its
slopes along random directions, from many draws, are compared with what gradients predict, for several sizes of the
changes: where both agree best in direction and length, the gradient stands for an average of that size.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from gradlab.networks.params import NetworkParams

from .problem import Problem, Rows
from .variance import CONTINUOUS, agreement, change_along, predictions, random_direction

WEIGHTS, THRESHOLDS = "weights", "thresholds"
#: Deviations of weights [threshold], and of the logarithm of thresholds.
SIZES = {WEIGHTS: (0.001, 0.003, 0.01, 0.03), THRESHOLDS: (0.01, 0.03, 0.1, 0.3)}


def average(problem: Problem, params: NetworkParams, batches: int, directions: int, length: float, draws: int) -> Rows:
    """A row for each kind and size of the changes and each gradient.

    Args:
        problem: network and data.
        params: weights.
        batches: over which loss and gradients are averaged.
        directions: random ones.
        length: over which slopes are taken, Euclidean [threshold].
        draws: over which the loss is averaged.
    """
    rows: Rows = []
    drawn = [random_direction(params, np.random.default_rng([problem.seed, k])) for k in range(directions)]
    found = [each for each in predictions(problem, params, batches) if each.simulator == CONTINUOUS]
    for kind, sizes in SIZES.items():
        for size in tqdm(sizes, f"average over {kind}", unit="size"):
            places = [_moved(params, kind, size, [problem.seed, draw]) for draw in range(draws)]
            changes = np.array([
                np.mean([change_along(problem, problem.exact, place, each, length, batches) for place in places])
                for each in drawn
            ])  # fmt: skip
            for each in found:
                row = {"noise": kind, "size": size, "method": each.method, "half_width": each.half_width}
                rows.append(row | agreement(changes, each.of(drawn, length)))
    return rows


def _moved(params: NetworkParams, kind: str, size: float, seed: Sequence[int]) -> NetworkParams:
    """Each weight into hidden neurons, or each of their thresholds, changed at random."""
    rng = np.random.default_rng(seed)

    def noise(shape: tuple[int, ...]) -> np.ndarray:
        return (size * rng.normal(size=shape)).astype(np.float32)

    given: Sequence[Any] = params.layers
    layers = []
    for layer in given:
        if kind == THRESHOLDS:
            layers.append(layer._replace(threshold=layer.threshold * np.exp(noise((layer.neurons,)))))  # stays above 0
        else:
            weights = {"w_in": layer.w_in, "w_rec": layer.w_rec}
            layers.append(layer._replace(**jax.tree.map(lambda w: w + noise(w.shape), weights)))
    return params._replace(layers=tuple(layers))
