"""Loss of a batch: cross-entropy on the readout's logits, plus the rate regularisation (a heuristic)."""

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, ArrayLike, Float, Int

Labels = Int[Array | np.ndarray, " batch"]


def cross_entropy(logits: Float[Array, "batch outputs"], labels: Labels) -> Float[Array, ""]:
    """Softmax cross-entropy, averaged over the batch."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def accuracy(logits: Float[Array, "batch outputs"], labels: Labels) -> Float[Array, ""]:
    """Share of samples whose largest logit is that of their label."""
    return (jnp.argmax(logits, -1) == labels).mean(dtype=logits.dtype)


def rate_regularisation(
    counts: tuple[Float[Array, "batch _"], ...], strength: ArrayLike, target: ArrayLike
) -> Float[Array, ""]:
    """``strength/2 sum_n (mean spike count of neuron n in the batch - target)^2`` over all hidden layers.

    A heuristic: the derivative of a spike count is zero or undefined. EventProp takes the spikes' voltages for free
    variables (see ``lif_layer_with_counts``), BPTT its surrogate derivative. A neuron that never spikes is not reached
    with EventProp; ``lift_silent`` of the trainer is for those.

    Args:
        counts: spikes of each neuron in each sample, by layer.
        strength: 0 turns it off.
        target: spikes of a neuron in a sample.

    Source: Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852.
    """
    total = sum(jnp.sum((count.mean(0) - target) ** 2) for count in counts)
    return jnp.asarray(0.5 * strength * jnp.asarray(total))
