"""Figure 1: in a single neuron that spikes at random, the surrogate is the derivative of the expected output."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import expit

from .activations import logistic

BETA = 10.0  # of the neurons, and of their surrogate
THRESHOLD = 1.0
_DIFFERENCE = 0.01  # of the voltage to both sides; its error is some 0.1 %, far below that of the sampling
_VOLTAGES = np.linspace(0.5, 1.5, 41)  # of the perceptron
# The layers of the paper's networks that match spike trains, with a random input of the same rate.
_STEP, _TAU_MEM, _TAU_SYN = 1e-3, 10e-3, 5e-3  # [s]
_STEPS, _SETTLING = 150, 50  # in all, and those until the neuron has forgotten how it began
_INPUTS, _RATE = 100, 50.0  # number, and rate of each [Hz]


class Comparison(NamedTuple):
    """A figure estimated at random, and what theory says of it, at several places.

    Attributes:
        estimate: from samples.
        error: its standard error if the theory holds.
        theory: what is expected.
    """

    estimate: np.ndarray
    error: np.ndarray
    theory: np.ndarray

    @property
    def deviation(self) -> Float[np.ndarray, " places"]:
        """In standard errors."""
        return (self.estimate - self.theory) / self.error


def compare(spikes: np.ndarray, expected: np.ndarray, variance: np.ndarray, per: float) -> Comparison:
    """Counted spikes over ``per``, against their expectation and with their standard deviation, all of the counts."""
    return Comparison(spikes / per, np.sqrt(variance) / per, expected / per)


def surrogate_at(distance: np.ndarray) -> np.ndarray:
    """The surrogate derivative at distances from the threshold."""
    return np.asarray(logistic(BETA).derivative(jnp.asarray(distance)))


def perceptron(trials: int, rng: np.random.Generator) -> dict[str, Any]:
    """``S ~ Bernoulli(sigma_beta(u - threshold))`` at voltages ``u``: its mean, and differences of it.

    The random numbers of a difference are the same on both sides of a voltage.

    Args:
        trials: at each voltage.
        rng: draws them.

    Returns:
        ``place``, the voltages, and the comparisons ``expectation`` and ``derivative``.
    """
    distance = _VOLTAGES - THRESHOLD
    here, above, below = (expit(BETA * (distance + shift)) for shift in (0, _DIFFERENCE, -_DIFFERENCE))
    drawn = (rng.random(trials) for _ in distance)
    counts = np.array(
        [
            (np.sum(u < p), np.sum((low <= u) & (u < high)))
            for u, p, high, low in zip(drawn, here, above, below, strict=True)
        ]
    )
    changed = above - below
    per = 2 * _DIFFERENCE * trials
    return {
        "place": _VOLTAGES,
        "expectation": compare(counts[:, 0], trials * here, trials * here * (1 - here), trials),
        "derivative": compare(counts[:, 1], per * surrogate_at(distance), trials * changed * (1 - changed), per),
    }


def lif(trials: int, rng: np.random.Generator) -> dict[str, Any]:
    """A leaky integrate-and-fire neuron with escape noise and a frozen input, on a time grid.

    A spike resets the voltage, so that each trial has voltages of its own. At each step, what is estimated is the mean
    number of spikes, and how it changes if the voltage of this step is shifted in all trials. Theory says the means of
    ``sigma_beta(u - threshold)`` and of the surrogate over the same voltages.

    Args:
        trials: with the same input.
        rng: draws input and spikes.

    Returns:
        ``place``, the times [s], and the comparisons ``expectation`` and ``derivative``.
    """
    decay_mem, decay_syn = np.exp(-_STEP / _TAU_MEM), np.exp(-_STEP / _TAU_SYN)
    arrivals = rng.poisson(_INPUTS * _RATE * _STEP, _STEPS)
    # Without spikes of its own, the mean voltage is the threshold.
    weight = THRESHOLD * (1 - decay_syn) / (_INPUTS * _RATE * _STEP)
    current, voltage = THRESHOLD, np.full(trials, THRESHOLD)
    sums = np.zeros((6, _STEPS))
    for n, arrived in enumerate(arrivals):
        distance, drawn = voltage - THRESHOLD, rng.random(trials)
        here, above, below = (expit(BETA * (distance + shift)) for shift in (0, _DIFFERENCE, -_DIFFERENCE))
        spikes, changed = drawn < here, above - below
        per = 2 * _DIFFERENCE * surrogate_at(distance)
        tallied = (spikes, here, here * (1 - here), (below <= drawn) & (drawn < above), per, changed * (1 - changed))
        sums[:, n] = [np.sum(each) for each in tallied]
        voltage = (decay_mem * voltage + (1 - decay_mem) * current) * ~spikes
        current = decay_syn * current + weight * arrived
    sums = sums[:, _SETTLING:]
    return {
        "place": _STEP * np.arange(_STEPS - _SETTLING),
        "expectation": compare(sums[0], sums[1], sums[2], trials),
        "derivative": compare(sums[3], sums[4], sums[5], 2 * _DIFFERENCE * trials),
    }


def single_neurons(trials: int, seed: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Largest deviations in standard errors by neuron and quantity, and all that was compared.

    Args:
        trials: at each voltage, or of the spiking neuron.
        seed: of all that is random.
    """
    seeds = np.random.SeedSequence(seed).spawn(2)
    found = {
        name: neuron(trials, np.random.default_rng(each))
        for (name, neuron), each in zip({"perceptron": perceptron, "lif": lif}.items(), seeds, strict=True)
    }
    metrics = {
        f"{name}_{quantity}_deviation_se": float(np.abs(rows[quantity].deviation).max())
        for name, rows in found.items()
        for quantity in ("expectation", "derivative")
    }
    return metrics, {name: _samples(rows) for name, rows in found.items()}


def _samples(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value._asdict() if isinstance(value, Comparison) else value for name, value in rows.items()}
