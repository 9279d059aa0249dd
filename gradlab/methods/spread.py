"""How a training spreads batches and neurons over devices (``gradlab.training.devices``, ``neurons``)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jax import lax
from jax.sharding import PartitionSpec as P
from jaxtyping import ArrayLike

from solvers.eventprop import neuron_specs

SAMPLES = "gradlab-samples"  # the axis over which a batch is spread
NEURONS = "gradlab-neurons"  # the axis over which the neurons of each layer are spread


def is_spread() -> bool:
    """Whether this runs on one of the devices, with its part of a batch."""
    return SAMPLES in jax.sharding.get_abstract_mesh().manual_axes


def first_sample(samples: int) -> ArrayLike:
    """The place in the whole batch of the first of so many samples that are here."""
    return samples * lax.axis_index(SAMPLES) if is_spread() else 0


def are_neurons_spread() -> bool:
    """Whether this runs where there is an axis for the neurons of a layer."""
    return NEURONS in jax.sharding.get_abstract_mesh().axis_names


def over_neurons(layer: Callable[..., Any]) -> Callable[..., Any]:
    """A layer of EventProp with its neurons over that axis."""

    def spread(params: Any, events: Any) -> Any:
        each = jax.shard_map(
            partial(layer, axis=NEURONS),
            in_specs=(neuron_specs(params, NEURONS), P(SAMPLES)),
            out_specs=(P(SAMPLES), P(SAMPLES, NEURONS)),
        )
        return each(params, events)

    return spread
