"""What is trained: the loss of a network on batches, run and differentiated by a method."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, PRNGKeyArray
from numpy.typing import ArrayLike

from solvers.events import Events

from ..data import Sampler, SpikeData, encoded_batch, evaluation_batches, with_input_rate
from ..methods import Method
from ..methods.base import Capacities, Value
from ..networks.losses import Labels, cross_entropy, rate_regularisation
from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .config import TrainConfig
from .devices import greatest, mean, total
from .memory import GRADIENT, require_memory
from .neurons import devices_of
from .room import Room
from .trained import constrained_params, unconstrained_params


class Objective:
    """Loss, gradient and accuracy of a network by a method; compiled once, with room for spikes that grows as needed.

    Attributes:
        network: structure and settings.
        config: settings of the training; its regularisation is part of the loss.
        method: how the network is run and differentiated.
        room: for spikes.
        devices: over which batches are spread.
    """

    def __init__(self, network: Network, config: TrainConfig, method: Method, *, mesh: Mesh | None = None):
        """Bind a network, settings and a method; nothing is computed yet.

        Args:
            network: structure and settings.
            config: settings of the training.
            method: how the network is run and differentiated.
            mesh: of devices, over which each batch of a training or an evaluation is spread, also those of several
                processes that do the same; by default, and elsewhere, JAX's default device alone. Those along an axis
                "neurons" have the same samples and share the neurons of each layer, see ``gradlab.training.neurons``.

        Raises:
            ValueError: if the method cannot run the network, or not with samples or neurons apart on several devices,
                if these do not divide the batch size or the neurons, or if a threshold could be trained down to the
                reset.
        """
        lowest = network.bounds["threshold"].lowest if "threshold" in network.bounds else np.inf
        if config.train_constants and network.reset >= lowest:
            raise ValueError(f"reset is {network.reset:g}, expected < {lowest:g}, to which thresholds may be trained")
        method.check(network)
        self.devices = devices_of(mesh, config.batch_size, network, method)
        self.network, self.config, self.method = network, config, method
        self.room = Room(network, limited=method.needs_room)
        self.key = jax.random.key(config.seed)
        self._jit_gradient = jax.jit(self.value_and_grad, static_argnames="room")
        self._jit_forward = jax.jit(self._forward, static_argnames="room")
        self._jit_evaluate = jax.jit(self.devices.spread(self._evaluate, 1, 2, 3), static_argnames="room")

    def require_memory(self, weights: float = GRADIENT) -> None:
        """Refuse what cannot fit, see ``gradlab.training.memory.require_memory``."""
        samples = self.devices.in_one_memory(self.config.batch_size)
        weights = self.devices.weights_in_one_memory(weights)
        require_memory(self.network, self.method, samples, self.room.now, weights)

    def batch(self, data: SpikeData, indices: ArrayLike, sample: Sampler | None = None) -> tuple[Events, np.ndarray]:
        """Events and labels of some samples as the network sees them, see ``gradlab.data.encoded_batch``."""
        return encoded_batch(self.network, data, indices, sample)

    def init(self, data: SpikeData | None = None) -> NetworkParams:
        """Initial parameters; those of all methods are equal under one seed.

        Args:
            data: the training set, from which the rate of the input is measured if the network declares none. Without
                one the channels are taken to spike as those of SHD do.
        """
        network = self.network if data is None else with_input_rate(self.network, data)
        with self.devices.at_rest():
            return network.init(self.key)

    def loss(self, output: Output, labels: Labels) -> Float[Array, ""]:
        """Cross-entropy and rate regularisation of a batch, from what the network answers."""
        counts = tuple(mean(count.mean(0, keepdims=True)) for count in output.counts)
        penalty = rate_regularisation(counts, self.config.rate_strength, self.config.rate_target)
        return cross_entropy(output.logits, labels) + penalty

    def value(
        self, trained: Any, constant: NetworkParams, events: Events, labels: Labels, room: Capacities,
        key: PRNGKeyArray,
    ) -> Value:  # fmt: skip
        """Loss of a batch as a function of the trained parameters (see ``unconstrained_params``), and the output."""
        params = constrained_params(trained, constant, self.network)
        output = self.method.forward(self.network, params, events, room, key)
        return self.loss(output, labels), output

    def value_and_grad(
        self, trained: Any, constant: NetworkParams, events: Events, labels: Labels, key: PRNGKeyArray,
        *, room: Capacities,
    ) -> tuple[Value, Any]:  # fmt: skip
        """``value`` and its gradient with respect to the trained parameters, by the method."""
        return self.method.value_and_grad(
            self.network,
            partial(self.loss, labels=labels),
            partial(constrained_params, constant=constant, network=self.network),
            trained,
            events,
            room,
            key,
        )

    def gradient(self, params: NetworkParams, events: Events, labels: Labels) -> tuple[Any, Output]:
        """Gradient of a batch's loss with respect to the trained parameters, with enough room for all spikes.

        Raises:
            Runaway: if there are too many spikes.
        """
        trained, constant = unconstrained_params(params, self.network, self.config)
        (_, output), gradient = self.with_room(
            lambda room: self._jit_gradient(trained, constant, events, labels, self.key, room=room),
            lambda result: result[0][1].needed,
        )
        return gradient, output

    def forward(self, params: NetworkParams, events: Events) -> Output:
        """What the network answers, with enough room for all spikes; nothing is differentiated.

        Raises:
            Runaway: if there are too many spikes.
        """
        run = lambda room: self._jit_forward(params, events, self.key, room=room)  # noqa: E731
        return self.with_room(run, lambda output: output.needed)

    def _forward(self, params: NetworkParams, events: Events, key: PRNGKeyArray, *, room: Capacities) -> Output:
        return self.method.forward(self.network, params, events, room, key)

    def with_room(
        self, call: Callable[[Capacities], Any], needed_by: Callable[[Any], Array], strict: bool = True
    ) -> Any:
        """See ``Room.call``."""
        return self.room.call(call, needed_by, strict)

    def _evaluate(
        self, params: NetworkParams, events: Events, labels: Labels, weights: Array, number: Any,
        *, room: Capacities,
    ) -> tuple[dict[str, Array], Array]:  # fmt: skip
        key = jax.random.fold_in(self.key, number)
        output = self.method.forward(self.network, params, events, room, key)
        lost = jnp.isnan(output.logits).any(1)  # there was no room for its spikes
        right = (jnp.argmax(output.logits, -1) == labels) & ~lost
        spikes = jnp.where(lost, 0, sum(count.sum(1) for count in output.counts))
        losses = optax.softmax_cross_entropy_with_integer_labels(output.logits, labels)
        of_each = {"hits": right, "losses": jnp.where(lost, 0, losses), "spikes": spikes, "lost": lost}
        sums = {name: (value * weights).sum() for name, value in of_each.items()}
        answered = jnp.zeros((self.network.outputs,) * 2).at[labels, jnp.argmax(output.logits, -1)]
        return total(sums | {"confusion": answered.add(weights * ~lost)}), greatest(output.needed)

    def evaluate(self, params: NetworkParams, data: SpikeData, *, strict: bool = True) -> dict[str, float]:
        """Accuracy, cross-entropy, and hidden spikes a sample, on a whole data set.

        Args:
            params: of the network.
            data: to evaluate on.
            strict: whether a sample that runs away is an error. Otherwise ``runaway_share`` says how many do, and the
                other figures are those of the other samples, NaN if there is none.

        Raises:
            ValueError: if the data do not fit the network.
            Runaway: if it is strict and there are too many spikes.
        """
        return self.evaluate_classes(params, data, strict=strict)[0]

    def evaluate_classes(
        self, params: NetworkParams, data: SpikeData, *, strict: bool = True
    ) -> tuple[dict[str, float], np.ndarray]:
        """``evaluate``, and how many samples of each class (row) got each answer (column), int64; runaways left out."""
        sums: dict[str, Any] = dict.fromkeys(("hits", "losses", "spikes", "lost", "confusion"), 0.0)
        params, own = self.devices.everywhere(params), self.devices.own(self.config.batch_size)
        for number, (indices, weights) in enumerate(evaluation_batches(len(data), self.config.batch_size)):
            fed = self.devices.feed((*self.batch(data, indices[own]), weights[own]))
            call = partial(self._jit_evaluate, params, *fed, np.uint32(number))
            found, _ = self.with_room(
                lambda room: call(room=room),  # noqa: B023
                lambda result: result[1],
                strict,
            )
            sums = {name: value + np.asarray(found[name], np.float64) for name, value in sums.items()}
        kept = len(data) if strict else len(data) - sums["lost"]
        figures = {"accuracy": sums["hits"], "loss": sums["losses"], "spikes_per_sample": sums["spikes"]}
        figures = {name: float(value / kept) if kept else float("nan") for name, value in figures.items()}
        figures |= {} if strict else {"runaway_share": float(sums["lost"] / len(data))}
        return figures, np.rint(sums["confusion"]).astype(np.int64)
