"""The parameters of a network: one pytree for all methods, and one spelling of the names of its leaves."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from solvers.neurons import Parameters

from .readouts import ReadoutParams

#: Fields that hold weights; all other leaves are constants.
WEIGHTS = ("w_in", "w_rec", "w")


class NetworkParams(NamedTuple):
    """All parameters.

    Attributes:
        layers: hidden layers, from the input on, each with the parameters of its neuron model.
        readout: of a leaky readout; or a feed-forward layer of spiking output neurons (loss ``ttfs``).
    """

    layers: tuple[Parameters, ...]
    readout: ReadoutParams | Parameters


def leaf_name(path: tuple[Any, ...]) -> str:
    """The name of a leaf in records, tables and checkpoints: its path joined by dots, such as ``layers.0.w_in``."""
    return jax.tree_util.keystr(path, simple=True, separator=".")


def named_leaves(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by their ``leaf_name``, in the order of the tree."""
    return {leaf_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


class Output(NamedTuple):
    """What a network does with a batch.

    Attributes:
        logits: of each class.
        counts: spikes of each hidden neuron in each sample, by layer; differentiable by heuristics or surrogates.
        largest: spikes of the busiest sample, by spiking layer (for the room of the event-driven simulator).
        spikes: of the hidden layers, by layer; only of the event-driven simulator.
        output_counts: spikes of each output neuron in each sample; None for a leaky readout.
        mean: spikes of a sample on the mean over the batch, as ``largest`` and for the same use; None if that is not
            needed.
    """

    logits: Float[Array, "batch outputs"]
    counts: tuple[Float[Array, "batch _"], ...]
    largest: Float[Array, " layers"]
    spikes: tuple[Any, ...] = ()
    output_counts: Float[Array, "batch outputs"] | None = None
    mean: Float[Array, " layers"] | None = None

    @property
    def needed(self) -> Shaped[Array, "2 layers"]:
        """Spikes of the busiest sample and of one on the mean, for which there has to be room."""
        return jnp.stack([self.largest, self.largest if self.mean is None else self.mean])

    @property
    def spiking_counts(self) -> tuple[Float[Array, "batch _"], ...]:
        """Spikes of each neuron in each sample, by spiking layer."""
        return self.counts if self.output_counts is None else (*self.counts, self.output_counts)
