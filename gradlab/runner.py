"""A network on batches of a data set: loss, gradient and accuracy, with spike buffers that grow as needed."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from solvers.events import Events

from .constants import REACH
from .data import SpikeData, batch, delayed, evaluation_batches, pooled
from .losses import Labels, cross_entropy, rate_regularisation
from .network import Network, NetworkParams, Output
from .recipe import TrainConfig, from_free_params, to_free_params

_HIGHEST_RATE = 500.0  # [Hz] mean rate of a layer beyond which spike buffers are not enlarged any more

Sampler = Callable[[int], tuple[np.ndarray, np.ndarray]]


class Runaway(Exception):
    """More spikes than any buffer should hold."""


def room_for(spikes: float) -> int:
    """Capacity for so many spikes: a power of two, so that few different programs are compiled."""
    return 1 << math.ceil(math.log2(max(spikes, 128)))


class Runner:
    """What both trainers have in common besides the loop; how the network is run is theirs."""

    method: str
    settings: dict[str, Any] = {}  # of the method

    def __init__(self, network: Network, config: TrainConfig):
        """Bind a network and settings; nothing is computed yet.

        Raises:
            ValueError: if a threshold could be trained down to the reset.
        """
        lowest = network.threshold / REACH["threshold"]
        if config.train_constants and network.reset >= lowest:
            raise ValueError(f"reset is {network.reset:g}, expected < {lowest:g}, to which thresholds may be trained")
        self.network = network
        self.config = config
        self.capacities = tuple(room_for(20 * n * max(network.duration, 0.1)) for n in network.spiking_sizes)
        self._stop: list[int] = []
        self._gradient = jax.jit(jax.grad(self.objective, has_aux=True), static_argnums=4)
        self._jit_evaluate = jax.jit(self._evaluate, static_argnames=("capacities",))

    def batch(self, data: SpikeData, indices: ArrayLike, sample: Sampler | None = None) -> tuple[Events, np.ndarray]:
        """``gradlab.data.batch`` as the network sees it: pooled and delayed, with room for the longest sample."""
        network, sample = self.network, sample or data.sample
        copies = network.delay_line
        line = partial(delayed, copies=copies, step=network.delay_step, inputs=network.rows // copies)
        return batch(data, indices, copies * data.longest, lambda index: line(pooled(sample(index), network.pool)))

    def run(self, params: NetworkParams, events: Events, capacities: tuple[int, ...]) -> Output:
        """The network on a batch; how it is differentiated is the method."""
        raise NotImplementedError

    def init(self) -> NetworkParams:
        """Initial parameters; those of both methods are equal under one seed."""
        return self.network.init(jax.random.key(self.config.seed))

    def objective(
        self, trained: NetworkParams, constant: NetworkParams, events: Events, labels: Labels,
        capacities: tuple[int, ...],
    ) -> tuple[Float[Array, ""], Output]:  # fmt: skip
        """Loss of a batch as a function of the trained parameters (see ``to_free_params``)."""
        output = self.run(from_free_params(trained, constant, self.network), events, capacities)
        penalty = rate_regularisation(output.counts, self.config.rate_strength, self.config.rate_target)
        return cross_entropy(output.logits, labels) + penalty, output

    def gradient(self, params: NetworkParams, events: Events, labels: Labels) -> tuple[NetworkParams, Output]:
        """Gradient of a batch's loss with respect to the trained parameters, with enough room for all spikes."""
        trained, constant = to_free_params(params, self.network, self.config)
        return self._with_room(
            lambda room: self._gradient(trained, constant, events, labels, room), lambda r: r[1].largest
        )

    def _evaluate(self, params, events, labels, weights, *, capacities):
        output = self.run(params, events, capacities)
        hits = (jnp.argmax(output.logits, -1) == labels) * weights
        spikes = sum(count.sum(1) for count in output.counts) * weights
        return hits.sum(), spikes.sum(), output.largest

    def _with_room(self, call, largest_of):
        """Call with the present spike buffers; while a sample overflows them, enlarge and call again."""
        while True:
            if self._stop:
                raise KeyboardInterrupt
            result = call(self.capacities)
            largest = np.asarray(largest_of(result))
            if self.method != "eventprop" or (largest <= self.capacities).all():
                return result
            grown = []
            for room, used, n in zip(self.capacities, largest, self.network.spiking_sizes, strict=True):
                most = int(_HIGHEST_RATE * n * max(self.network.duration, 0.1))
                if used > room >= most:
                    raise Runaway(
                        f"a layer of {n} neurons emits more than {most} spikes in {self.network.duration:g} s "
                        f"(mean rate above {_HIGHEST_RATE:g} Hz): lower the learning rate or the initial weights"
                    )
                grown.append(min(2 * room, most) if used > room else room)
            self.capacities = tuple(grown)

    def evaluate(self, params: NetworkParams, data: SpikeData) -> dict[str, float]:
        """Accuracy, and hidden spikes a sample, on a whole data set."""
        hits = spikes = 0.0
        for indices, weights in evaluation_batches(len(data), self.config.batch_size):
            events, labels = self.batch(data, indices)
            call = lambda room: self._jit_evaluate(params, events, labels, weights, capacities=room)  # noqa: B023, E731
            hit, spiked, _ = self._with_room(call, lambda r: r[2])
            hits += float(hit)
            spikes += float(spiked)
        return {"accuracy": hits / len(data), "spikes_per_sample": spikes / len(data)}
