"""What helps a training and is no gradient."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike

from ..networks.losses import Labels
from ..networks.params import NetworkParams, Output


def lift_silent(
    params: NetworkParams, counts: Sequence[np.ndarray], by: Sequence[float], rng: np.random.Generator
) -> NetworkParams:
    """Raise all input weights of neurons without a spike, which no exact gradient reaches. A heuristic.

    Those of hidden neurons by the same; those of output neurons by that much on average, between nothing and twice as
    much, because outputs that are lifted alike answer alike, and no gradient would tell them apart.

    Args:
        params: of the network.
        counts: spikes of each neuron during an epoch, by spiking layer.
        by: what is added [voltage], by spiking layer.
        rng: used only if an output neuron is lifted.

    Source: Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (there 0.002).
    """
    hidden: tuple[Any, ...] = params.layers
    layers = [
        layer._replace(w_in=layer.w_in + each * jnp.asarray(count == 0, layer.w_in.dtype))
        for layer, count, each in zip(hidden, counts, by, strict=False)
    ]
    readout: Any = params.readout
    for count, each in zip(counts[len(hidden) :], by[len(hidden) :], strict=True):
        if each and (count == 0).any():
            drawn = rng.uniform(0, 2 * each, readout.w_in.shape) * (count == 0)
            readout = readout._replace(w_in=readout.w_in + jnp.asarray(drawn, readout.w_in.dtype))
    return NetworkParams(tuple(layers), readout)


def pull_silent_outputs(gradient: Any, output: Output, labels: Labels, strength: ArrayLike) -> Any:
    """Add to a gradient what pulls output neurons towards a spike in samples of their class without one. A heuristic.

    The exact gradient does not see them: without a spike, the answer is the end of the trial whatever the weights.
    Descent on the sum raises the weights of all spikes that reached such a neuron, as the tempotron does with a neuron
    that should have spiked; here all spikes count alike, for any neuron model. Where the right output spikes, this is
    zero. Silent outputs of other classes are right as they are.

    Args:
        gradient: of the loss with respect to the trained parameters of a network with spiking outputs.
        output: what the network answered to the batch.
        labels: of the batch.
        strength: of the pull, for each spike, in a batch without any right spike [1 / voltage]; 0 turns it off.

    Returns:
        The gradient with the pull.

    Source: after Gutig & Sompolinsky 2006, Nat. Neurosci. 9:420 (the tempotron).
    """
    right = jax.nn.one_hot(labels, output.logits.shape[1], dtype=output.logits.dtype)
    missing = jnp.where(output.spiking_counts[-1] == 0, right, 0)
    reached = jnp.einsum("bh,bo->ho", output.counts[-1], missing) / len(labels)
    readout = gradient.readout
    return gradient._replace(readout=readout._replace(w_in=readout.w_in - strength * reached))
