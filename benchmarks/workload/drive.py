"""What drives the network: Poisson input at a known rate, and input weights with which neurons fire at another."""

import math
from typing import Any

import numpy as np

from gradlab.data import SpikeData
from gradlab.methods.base import Capacity
from gradlab.networks.params import NetworkParams
from gradlab.training.objective import Objective
from gradlab.training.room import Runaway, pool_for

_FACTORS = (0.5, 2.0), (0.05, 20.0)  # between which input weights are scaled to reach a rate; in turn
_BISECTIONS = 12
_CLOSE_ENOUGH = 0.01  # relative error of the rate


def poisson_data(samples: int, inputs: int, rate: float, duration: float, classes: int, seed: int) -> SpikeData:
    """Independent Poisson spike trains of one rate [Hz], until ``duration`` [s]; labels are random."""
    rng = np.random.default_rng(seed)
    sizes = rng.poisson(inputs * rate * duration, samples)
    times = [np.sort(rng.uniform(0, duration, size)) for size in sizes]
    units = [rng.integers(0, inputs, size) for size in sizes]
    labels = rng.integers(0, classes, samples)
    return SpikeData.from_samples("poisson", times, units, labels, inputs=inputs, classes=classes)


def tune_rate(objective: Objective, params: NetworkParams, data: SpikeData, rate: float) -> tuple[NetworkParams, float]:
    """Scale the input weights so that the hidden neurons fire at a rate, by bisection.

    Args:
        objective: runs the network.
        params: of a network with one hidden layer.
        data: input.
        rate: wanted mean rate of a hidden neuron [Hz].

    Returns:
        The scaled parameters and the rate reached, which is the closest one found.
    """
    layer: Any = params.layers[0]
    scale = objective.network.hidden[0] * objective.network.duration
    found = []
    for low, high in _FACTORS:
        for _ in range(_BISECTIONS):
            factor = (low + high) / 2
            scaled = params._replace(layers=(layer._replace(w_in=factor * layer.w_in),))
            try:
                reached = objective.evaluate(scaled, data)["spikes_per_sample"] / scale
            except Runaway:
                reached = math.inf
            found.append((scaled, reached))
            if abs(reached / rate - 1) < _CLOSE_ENOUGH:
                return found[-1]
            low, high = (factor, high) if reached < rate else (low, factor)
    return min(found, key=lambda entry: abs(entry[1] - rate))


def room_for(counts: np.ndarray, unit: int) -> Capacity:
    """Room that fits the busiest sample, a multiple of ``unit``, and a pool as a training would have it."""
    busiest = max(1, -(-int(counts.max()) // unit)) * unit
    return Capacity(busiest, min(busiest, pool_for(float(counts.mean()))))
