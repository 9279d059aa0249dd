"""What a network whose spikes are drawn does in many trials of the same samples."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from solvers.events import Events

from ..data import SpikeData, evaluation_batches
from ..networks.losses import Labels
from ..networks.params import NetworkParams
from ..training.objective import Objective


def over_trials(objective: Objective, params: NetworkParams, data: SpikeData, trials: int) -> dict[str, Any]:
    """Accuracy in single trials and of the expected answer, and how much spike counts vary from trial to trial.

    Args:
        objective: network and a method that needs no room for spikes; its seed is that of the trials.
        params: of the network.
        data: to test on.
        trials: of each sample, 2 at least.

    Returns:
        ``accuracies`` of each trial, their ``accuracy`` in the mean and its ``deviation`` between trials;
        ``expected_accuracy``, of the logits' mean over trials; ``spikes_per_sample``; ``fano_factor``, the variance of
        a hidden neuron's spike count over its mean, both over trials, averaged over all neurons and samples in which
        it spikes in any trial (NaN if none does): 1 for Poisson spikes, 0 without noise.

    Raises:
        ValueError: for fewer than two trials, or data that do not fit the network.
    """
    if trials < 2:
        raise ValueError(f"trials is {trials}, expected 2 at least, as the variance between them is taken")
    run = jax.jit(partial(_run, objective, trials))
    hits, sums = np.zeros(trials), np.zeros(4)
    for number, (indices, weights) in enumerate(evaluation_batches(len(data), objective.config.batch_size)):
        events, labels = objective.batch(data, indices)
        key = jax.random.fold_in(objective.key, number)
        right, *others = jax.device_get(run(params, events, labels, weights, key))
        hits, sums = hits + right, sums + np.asarray(others, np.float64)
    accuracies, (expected, spikes, factors, pairs) = hits / len(data), sums.tolist()
    return {
        "accuracies": accuracies.tolist(),
        "accuracy": float(accuracies.mean()),
        "deviation": float(accuracies.std(ddof=1)),
        "expected_accuracy": expected / len(data),
        "spikes_per_sample": spikes / len(data),
        "fano_factor": factors / pairs if pairs else float("nan"),
    }


def _run(
    objective: Objective, trials: int, params: NetworkParams, events: Events, labels: Labels, weights: Array,
    key: PRNGKeyArray,
) -> tuple[Array, ...]:  # fmt: skip
    """Of a batch: hits in each trial, and of the expected answer; spikes; sum of Fano factors, and of how many."""

    def trial(key: PRNGKeyArray) -> tuple[Array, Array]:
        output = objective.method.forward(objective.network, params, events, (), key)
        return output.logits, jnp.concatenate(output.counts, 1)

    logits, counts = jax.lax.map(trial, jax.random.split(key, trials))
    right = (jnp.argmax(logits, -1) == labels) * weights
    expected = (jnp.argmax(logits.mean(0), -1) == labels) * weights
    mean, variance = counts.mean(0), counts.var(0, ddof=1)
    spiked = (mean > 0) * weights[:, None]
    factors = spiked * variance / jnp.where(mean > 0, mean, 1)
    return right.sum(1), expected.sum(), (mean.sum(1) * weights).sum(), factors.sum(), spiked.sum()
