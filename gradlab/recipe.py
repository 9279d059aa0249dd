"""The recipe of a training, the same for both methods: settings, which parameters are trained, and by what rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from solvers.lif import LIFParams

from .constants import REACH, from_free, is_constant, to_free
from .data import Changes
from .network import Network, NetworkParams

#: Weights are always trained, constants only with ``train_constants``.
TRAINED = ("w_in", "w_rec", "w")
_EASE_IN_STEPS = 140  # at most; from a thousandth by 5 % a step (Nowotny et al. 2025), of a short training a tenth


@dataclass(frozen=True)
class TrainConfig(Changes):
    """Settings of a training, the same for both methods; those of ``Changes`` are its augmentation.

    Attributes:
        epochs: passes over the training samples.
        patience: epochs without a better validation accuracy, after which a training ends early, with the parameters of
            the best epoch; 0: all epochs, and the parameters of the last one.
        batch_size: samples a step.
        learning_rate: of Adam, at its highest; see ``schedule``.
        clip: largest global norm of a gradient.
        train_constants: train membrane and synaptic time constants and thresholds, too, also those of the readout; one
            for a layer or for each neuron, as the network has them. Within bounds, see ``gradlab.constants``.
        constants_factor: learning rate of the constants, as a multiple of that of the weights.
        rate_strength: of the rate regularisation, a heuristic; 0 turns it off.
        rate_target: spikes of a neuron in a sample that the regularisation aims at.
        lift_silent: added after each epoch to the input weights of neurons that never spiked, a heuristic; 0: off.
        seed: of the initial weights, the order of the samples and the shifts.
    """

    epochs: int = 30
    patience: int = 0
    batch_size: int = 32
    learning_rate: float = 4e-3
    clip: float = 1.0
    train_constants: bool = False
    constants_factor: float = 1.0
    rate_strength: float = 1e-7
    rate_target: float = 14.0
    lift_silent: float = 2e-3
    seed: int = 0
    channel_shift: int = 40
    blend: float = 0.5

    def __post_init__(self):
        """Refuse impossible settings."""
        for name in ("epochs", "batch_size", "learning_rate", "clip", "constants_factor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected > 0")
        for name in ("patience", "rate_strength", "rate_target", "lift_silent", "seed"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected >= 0")
        super().__post_init__()


def split_params(params: NetworkParams, constants: bool = False) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)``: two pytrees of the same structure with None where the other has its leaves.

    Args:
        params: of a network.
        constants: whether time constants and thresholds are trained.
    """
    names = (*TRAINED, *(REACH if constants else ()))
    trained = jax.tree_util.tree_map_with_path(lambda path, _: path[-1].name in names, params)
    return eqx.partition(params, trained)


def to_free_params(params: NetworkParams, network: Network, config: TrainConfig) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)`` as ``split_params``, the trained constants as free numbers, see ``gradlab.constants``.

    Raises:
        ValueError: if a constant that is to be trained is out of bounds.
    """
    trained, constant = split_params(params, config.train_constants)
    return to_free(trained, network), constant


def from_free_params(trained: NetworkParams, constant: NetworkParams, network: Network) -> NetworkParams:
    """The inverse of ``to_free_params``; differentiable."""
    return eqx.combine(from_free(trained, network), constant)


def schedule(config: TrainConfig, steps: int) -> Callable[[Any], Any]:
    """Learning rate by step: eased in from a thousandth, by 5 % a step or faster, then a cosine down to zero."""
    ease_in = max(1, min(_EASE_IN_STEPS, steps // 10))
    rise = lambda step: jnp.minimum(1.0, 1e-3 ** (1 - step / ease_in))  # noqa: E731
    return lambda step: config.learning_rate * rise(step) * 0.5 * (1 + jnp.cos(jnp.pi * step / steps))


def optimiser(config: TrainConfig, steps: int) -> optax.GradientTransformation:
    """Clipping and Adam under ``schedule``, for a training of so many steps."""
    # Gradients of a time-averaged voltage are small numbers: Adam's usual epsilon would not be small beside them.
    adam = optax.adam(schedule(config, steps), eps=1e-12)
    rules = [optax.clip_by_global_norm(config.clip), adam]
    if config.train_constants:
        constants = partial(jax.tree_util.tree_map_with_path, lambda path, _: is_constant(path))
        rules.append(optax.masked(optax.scale(config.constants_factor), constants))
    return optax.chain(*rules)


def kept_epoch(validated: Sequence[float], epochs: int, patience: int) -> int:
    """The epoch, counted from 1, whose parameters a training of so many epochs ends with; 0 before the first.

    Args:
        validated: validation accuracies by epoch, not looked at without patience.
        epochs: how many were completed.
        patience: see ``TrainConfig``; the first of equally good epochs is the best.
    """
    return int(np.argmax(validated)) + 1 if patience and epochs else epochs


def lift_silent(params: NetworkParams, counts: list[np.ndarray], by: float) -> NetworkParams:
    """Raise all input weights of neurons without a spike, which no exact gradient reaches. A heuristic.

    Args:
        params: of the network.
        counts: spikes of each neuron during an epoch, by hidden layer.
        by: what is added [voltage].

    Source: Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (there 0.002).
    """
    layers: list[LIFParams] = [
        layer._replace(w_in=layer.w_in + by * jnp.asarray(count == 0, layer.w_in.dtype))
        for layer, count in zip(params.layers, counts, strict=True)
    ]
    return params._replace(layers=tuple(layers))
