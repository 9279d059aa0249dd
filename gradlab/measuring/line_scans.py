"""Line scans: how the loss changes when the weights take a step against a gradient."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from solvers.events import Events

from ..networks.losses import Labels, cross_entropy
from ..networks.params import NetworkParams
from ..training.objective import Objective
from ..training.room import Runaway
from ..training.trained import split_params


class Look(NamedTuple):
    """A network at some weights on a batch, in the simulator of its objective.

    Attributes:
        loss: cross-entropy; NaN if the network runs away.
        gradient: with respect to the trained weights; None if it runs away, or was not wanted.
        counts: spikes of each hidden neuron in each sample, of all layers, ``[batch, neurons]``; None if it runs away.
    """

    loss: float
    gradient: NetworkParams | None
    counts: np.ndarray | None


def look(
    objective: Objective, params: NetworkParams, events: Events, labels: Labels, *, differentiate: bool = True
) -> Look:
    """Loss, spike counts and, if wanted, the gradient."""
    gradient = None
    try:
        if differentiate:
            gradient, output = objective.gradient(params, events, labels)
        else:
            output = objective.forward(params, events)
    except Runaway:
        return Look(float("nan"), None, None)
    counts = np.concatenate([np.asarray(count) for count in output.counts], 1)
    return Look(float(cross_entropy(output.logits, labels)), gradient, counts)


def hidden_only(gradient: NetworkParams) -> NetworkParams:
    """The gradient without that of the readout, which both methods have exactly."""
    return gradient._replace(readout=jax.tree.map(jnp.zeros_like, gradient.readout))


def step(params: NetworkParams, gradient: NetworkParams, length: float) -> NetworkParams:
    """Weights moved against a gradient by a Euclidean length.

    Raises:
        ValueError: for a gradient that is zero.
    """
    size = float(optax.tree.norm(gradient))
    if size == 0:
        raise ValueError(
            "the gradient is zero, so it has no direction: no hidden neuron spikes, raise the input weights"
        )
    trained, _ = split_params(params)
    moved = jax.tree.map(lambda w, g: w - (length / size) * g, trained, gradient)
    return jax.tree.map(lambda new, old: old if new is None else new, moved, params, is_leaf=lambda x: x is None)


class Step(NamedTuple):
    """Change of the loss in a step of finite length, and the part of it that the exact gradient accounts for.

    Attributes:
        change: of the loss.
        seen: integral of the exact gradient along the step; the rest comes from spikes that appeared or vanished.
        changed: share of the neurons, over all samples, whose spike count is another at the end.
    """

    change: float
    seen: float
    changed: float


def follow(
    objective: Objective, params: NetworkParams, direction: NetworkParams, events: Events, labels: Labels,
    length: float, points: int,
) -> Step:  # fmt: skip
    """Take a step in small parts, by the midpoint rule.

    Args:
        objective: with exact gradients.
        params: where the step begins.
        direction: gradient against which to go.
        events: of the batch.
        labels: of the batch.
        length: of the step.
        points: at which the exact gradient is taken.
    """
    size = float(optax.tree.norm(direction))
    places = [step(params, direction, part * length) for part in (0, *(np.arange(points) + 0.5) / points, 1)]
    start, *inner, end = places
    ends = [look(objective, place, events, labels, differentiate=False) for place in (start, end)]
    looks = [look(objective, place, events, labels) for place in inner]
    if any(here.counts is None for here in (*ends, *looks)):
        return Step(float("nan"), float("nan"), float("nan"))
    slopes = [
        -sum(np.vdot(x, y) for x, y in zip(*map(jax.tree.leaves, (here.gradient, direction)), strict=True)) / size
        for here in looks
    ]
    changed = float(np.mean(ends[0].counts != ends[1].counts))
    return Step(ends[1].loss - ends[0].loss, float(np.mean(slopes)) * length, changed)
