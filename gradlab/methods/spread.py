"""Where samples stand in a batch that a training spreads over devices (``gradlab.training.devices``)."""

import jax
from jax import lax
from jaxtyping import ArrayLike

SAMPLES = "gradlab-samples"  # the axis over which a batch is spread


def is_spread() -> bool:
    """Whether this runs on one of the devices, with its part of a batch."""
    return SAMPLES in jax.sharding.get_abstract_mesh().manual_axes


def first_sample(samples: int) -> ArrayLike:
    """The place in the whole batch of the first of so many samples that are here."""
    return samples * lax.axis_index(SAMPLES) if is_spread() else 0
