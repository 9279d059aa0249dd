"""What helps a training and is no gradient."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..networks.params import NetworkParams


def lift_silent(params: NetworkParams, counts: Sequence[np.ndarray], by: float) -> NetworkParams:
    """Raise all input weights of neurons without a spike, which no exact gradient reaches. A heuristic.

    Args:
        params: of the network.
        counts: spikes of each neuron during an epoch, by hidden layer.
        by: what is added [voltage].

    Source: Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (there 0.002).
    """
    hidden: tuple[Any, ...] = params.layers
    layers = [
        layer._replace(w_in=layer.w_in + by * jnp.asarray(count == 0, layer.w_in.dtype))
        for layer, count in zip(hidden, counts, strict=True)
    ]
    return params._replace(layers=tuple(layers))
