"""Loss and gradient of a contestant as functions of arrays, to be compiled, timed and looked into."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gradlab.methods import BPTT
from gradlab.networks.losses import Labels
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams, Output
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from solvers.bptt import time_grid
from solvers.events import Events, to_grid
from solvers.reference import bptt_scan

from ..contestants import Contestant


class Gradient(NamedTuple):
    """A loss and its gradient, functions of ``(trained, constant, spikes, labels)``.

    The spikes are events, or for a plain scan what ``on_grid`` makes of them.

    Attributes:
        loss: of the batch.
        gradient: of the loss, with respect to ``trained``.
    """

    loss: Callable[..., Float[Array, ""]]
    gradient: Callable[..., NetworkParams]


def gradient_of(contestant: Contestant, network: Network, config: TrainConfig, room: tuple[int, ...]) -> Gradient:
    """Loss and gradient of a contestant.

    Args:
        contestant: with its options.
        network: structure and settings.
        config: of the training; its regularisation is part of the loss.
        room: for a sample's spikes, by spiking layer.
    """
    objective = Objective(network, config, contestant.method)
    if contestant.plain_scan:
        plain = partial(plain_bptt_loss, objective)
        return Gradient(plain, jax.grad(plain))

    def loss(trained: NetworkParams, constant: NetworkParams, events: Events, labels: Labels) -> Float[Array, ""]:
        return objective.value(trained, constant, events, labels, room, objective.key)[0]

    def gradient(trained: NetworkParams, constant: NetworkParams, events: Events, labels: Labels) -> Any:
        return objective.value_and_grad(trained, constant, events, labels, objective.key, room=room)[1]

    return Gradient(loss, gradient)


def on_grid(events: Events, network: Network, dt: float) -> Float[Array, "steps batch inputs"]:
    """Counts of the input spikes on the time grid, which a plain scan takes."""
    steps = time_grid(network.duration, dt, network.delay).steps
    return jnp.moveaxis(to_grid(events, network.inputs, steps, dt), 1, 0)


def plain_bptt_loss(
    objective: Objective, trained: NetworkParams, constant: NetworkParams,
    grid: Float[Array, "steps batch inputs"], labels: Labels,
) -> Float[Array, ""]:  # fmt: skip
    """The loss with ``solvers.reference.bptt_scan``: textbook BPTT, its reverse pass left to autodiff.

    The input is binned beforehand, as is usual with it.
    """
    network, method, params = objective.network, objective.method, eqx.combine(trained, constant)
    layers: Any = params.layers  # of the LIF neurons that the scan knows
    assert isinstance(method, BPTT)
    times = time_grid(network.duration, method.dt, network.delay)
    fired = bptt_scan(
        layers, grid, dt=method.dt, delay=times.delay, surrogate=method.surrogate, reset_gradient=method.reset_gradient
    )
    steps, size, neurons = fired[-1].shape
    observer = network.readout.observer(params.readout, network.duration)
    moments = times.clock(jnp.arange(steps), grid.dtype)
    look = lambda seen, inputs: (observer.step(seen, *inputs), None)  # noqa: E731
    seen, _ = jax.lax.scan(look, observer.init(size, neurons, grid.dtype), (fired[-1], *moments))
    counts = tuple(spikes.sum(0) for spikes in fired)
    largest = jnp.stack([count.sum(1).max() for count in counts])
    return objective.loss(
        Output(network.readout.from_state(params.readout, seen, network.duration), counts, largest), labels
    )
