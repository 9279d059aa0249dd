"""The figures of one epoch, added up step by step."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from ..networks.network import Network


class StepMetrics(NamedTuple):
    """What a step tells; counts are sums over the batch, of all spiking layers."""

    loss: Float[Array, ""]
    accuracy: Float[Array, ""]
    needed: Float[Array, "2 layers"]
    counts: tuple[Float[Array, " _"], ...]
    gradient_norm: Float[Array, ""]


class EpochFigures:
    """Means and sums over the steps of an epoch.

    Attributes:
        counts: spikes of each neuron so far, by spiking layer.
        needed: spikes of the busiest sample and of the busiest batch so far, see ``Output.needed``.
    """

    def __init__(self, network: Network, batch_size: int):
        """Start the clock."""
        self._network, self._batch_size, self._began = network, batch_size, time.perf_counter()
        self._losses: list[float] = []
        self._hits: list[float] = []
        self._emptied: list[float] = []
        self.counts = [np.zeros(n, np.float32) for n in network.spiking_sizes]
        self.needed = np.zeros((2, len(network.spiking_sizes)))

    def add(self, loss: float, metrics: StepMetrics) -> None:
        """Take in a step."""
        self.needed = np.maximum(self.needed, metrics.needed)
        self._losses.append(loss)
        self._hits.append(float(metrics.accuracy))
        self.counts = [a + np.asarray(b) for a, b in zip(self.counts, metrics.counts, strict=True)]

    def see(self, original: np.ndarray, augmented: np.ndarray) -> None:
        """Take in the number of spikes of each sample of a batch, before and after the augmentation."""
        self._emptied.append(float(np.mean((original > 0) & (augmented == 0))))

    @property
    def emptied(self) -> float:
        """Share of the samples that lost all their spikes to the augmentation."""
        return float(np.mean(self._emptied))

    @property
    def accuracy(self) -> float:
        """Mean accuracy."""
        return float(np.mean(self._hits))

    @property
    def _hidden(self) -> list[np.ndarray]:
        return self.counts[: len(self._network.hidden)]

    @property
    def rate(self) -> float:
        """Mean rate of the hidden neurons [Hz]."""
        return self.rate_of(self.counts, len(self._losses) * self._batch_size)

    def rate_of(self, counts: Sequence[ArrayLike], samples: int) -> float:
        """Mean rate of the hidden neurons [Hz], from the spikes of each neuron in so many samples, by spiking layer."""
        total = sum(np.asarray(count).sum() for count in counts[: len(self._network.hidden)])
        return float(total / samples / sum(self._network.hidden) / self._network.duration)

    def entry(self) -> dict[str, Any]:
        """What the history keeps of the epoch."""
        silent = sum(int((count == 0).sum()) for count in self._hidden)
        return {
            "train_loss": float(np.mean(self._losses)),
            "train_accuracy": self.accuracy,
            "hidden_rate_hz": self.rate,
            "silent_fraction": silent / sum(self._network.hidden),
            "epoch_s": time.perf_counter() - self._began,
        }
