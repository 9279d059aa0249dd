"""Loss and gradient of a contestant as functions of arrays, to be compiled, timed and looked into."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gradlab.methods.base import Capacities
from gradlab.networks.losses import Labels
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from solvers.bptt import time_grid
from solvers.events import Events, to_grid

from ..contestants import Contestant
from .scans import SCANS


class Gradient(NamedTuple):
    """A loss and its gradient, functions of ``(trained, constant, spikes, labels)``.

    The spikes are events, or for a scan what ``on_grid`` makes of them, in the contestant's type.

    Attributes:
        loss: of the batch.
        gradient: of the loss, with respect to ``trained``.
    """

    loss: Callable[..., Float[Array, ""]]
    gradient: Callable[..., NetworkParams]


def gradient_of(contestant: Contestant, network: Network, config: TrainConfig, room: Capacities) -> Gradient:
    """Loss and gradient of a contestant.

    Args:
        contestant: with its options.
        network: structure and settings.
        config: of the training; its regularisation is part of the loss.
        room: for spikes, by spiking layer.
    """
    objective = Objective(network, config, contestant.method)
    if contestant.scan is not None:
        scanned = partial(SCANS[contestant.scan], objective)
        return Gradient(scanned, jax.grad(scanned))

    def loss(trained: NetworkParams, constant: NetworkParams, events: Events, labels: Labels) -> Float[Array, ""]:
        return objective.value(trained, constant, events, labels, room, objective.key)[0]

    def gradient(trained: NetworkParams, constant: NetworkParams, events: Events, labels: Labels) -> Any:
        return objective.value_and_grad(trained, constant, events, labels, objective.key, room=room)[1]

    size = contestant.micro_batch
    return Gradient(loss, gradient if size is None else partial(accumulated, gradient, size))


def accumulated(
    gradient: Callable[..., Any], size: int, trained: NetworkParams, constant: NetworkParams, events: Events,
    labels: Labels,
) -> Any:  # fmt: skip
    """The gradient by micro-batches of so many samples, or fewer if they do not divide the batch.

    The rate regularisation is that of each micro-batch, as is usual.
    """
    parts = len(labels) // math.gcd(len(labels), size)
    split = jax.tree.map(lambda x: x.reshape(parts, -1, *x.shape[1:]), (events, labels))

    def add(total: Any, part: Any) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, gradient(trained, constant, *part)), None

    total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, trained), split)
    return jax.tree.map(lambda x: x / parts, total)


def on_grid(events: Events, network: Network, dt: float, dtype: str) -> Float[Array, "steps batch inputs"]:
    """Counts of the input spikes on the time grid, which a plain scan takes, in its type."""
    steps = time_grid(network.duration, dt, network.delay).steps
    return jnp.moveaxis(to_grid(events, network.inputs, steps, dt), 1, 0).astype(dtype)
