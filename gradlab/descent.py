"""What a gradient is good for: how the loss changes when the weights take a step against it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from solvers.events import Events

from .losses import Labels, cross_entropy
from .network import NetworkParams
from .recipe import split_params
from .runner import Runaway
from .train import Trainer


class Look(NamedTuple):
    """A network at some weights on a batch, in the world of its trainer.

    Attributes:
        loss: cross-entropy; NaN if the network runs away.
        gradient: with respect to the trained weights; None if it runs away.
        counts: spikes of each hidden neuron in each sample, of all layers, ``[batch, neurons]``.
    """

    loss: float
    gradient: NetworkParams | None
    counts: np.ndarray | None


def look(trainer: Trainer, params: NetworkParams, events: Events, labels: Labels) -> Look:
    """Loss, gradient and spike counts."""
    try:
        gradient, output = trainer.gradient(params, events, labels)
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
    norm = float(np.sqrt(sum(np.vdot(x, x) for x in jax.tree.leaves(gradient))))
    if norm == 0:
        raise ValueError(
            "the gradient is zero, so it has no direction: no hidden neuron spikes, raise the input weights"
        )
    trained, _ = split_params(params)
    moved = jax.tree.map(lambda w, g: w - (length / norm) * g, trained, gradient)
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
    trainer: Trainer, params: NetworkParams, direction: NetworkParams, events: Events, labels: Labels,
    length: float, points: int,
) -> Step:  # fmt: skip
    """Take a step in small parts, by the midpoint rule.

    Args:
        trainer: with exact gradients.
        params: where the step begins.
        direction: gradient against which to go.
        events: of the batch.
        labels: of the batch.
        length: of the step.
        points: at which the exact gradient is taken.
    """
    norm = float(np.sqrt(sum(np.vdot(x, x) for x in jax.tree.leaves(direction))))
    places = [step(params, direction, part * length) for part in (0, *(np.arange(points) + 0.5) / points, 1)]
    start, *inner, end = (look(trainer, place, events, labels) for place in places)
    if any(here.gradient is None for here in (start, *inner, end)):
        return Step(float("nan"), float("nan"), float("nan"))
    slopes = [
        -sum(np.vdot(x, y) for x, y in zip(*map(jax.tree.leaves, (here.gradient, direction)), strict=True)) / norm
        for here in inner
    ]
    changed = float(np.mean(start.counts != end.counts))
    return Step(end.loss - start.loss, float(np.mean(slopes)) * length, changed)
