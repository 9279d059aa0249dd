"""The optimiser: clipping and Adam under a learning rate that eases in and falls."""

from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..networks.network import Network
from ..networks.params import NetworkParams
from ..networks.readouts import ReadoutParams
from .config import TrainConfig

_EASE_IN_STEPS = 140  # at most; from a thousandth by 5 % a step (Nowotny et al. 2025), of a short training a tenth


def schedule(config: TrainConfig, steps: int) -> Callable[[Any], Any]:
    """Learning rate by step: eased in from a thousandth, by 5 % a step or faster, then a cosine down to zero."""
    ease_in = max(1, min(_EASE_IN_STEPS, steps // 10))

    def rate(step: Any) -> Any:
        rise = jnp.minimum(1.0, 1e-3 ** (1 - step / ease_in))
        return config.learning_rate * rise * 0.5 * (1 + jnp.cos(jnp.pi * step / steps))

    return rate


def optimiser(config: TrainConfig, steps: int, network: Network) -> optax.GradientTransformation:
    """Clipping and Adam under ``schedule``, for a training of so many steps.

    Weights that start larger than on SHD learn as much faster, for Adam's steps do not grow with the weights; a leaky
    readout keeps pace with the input weights, or else the hidden neurons spike more and more in its place (digits as
    latencies ended with more than 500 Hz with two of three seeds). The learning rate of constants, if they are trained,
    is multiplied by ``config.constants_factor``, that of delays by ``config.delays_factor``.

    Args:
        config: of the training.
        steps: of the whole training.
        network: that is trained, with the rate of its input.
    """
    # Gradients of a time-averaged voltage are small numbers: Adam's usual epsilon would not be small beside them.
    adam = optax.adam(schedule(config, steps), eps=1e-12)
    rules = [optax.clip_by_global_norm(config.clip), adam]
    if config.train_constants:
        rules.append(_scaled(network.bounds, config.constants_factor))
    if config.train_delays and network.has_delays:
        rules.append(_scaled(network.delay_bounds, config.delays_factor))
    growth = network.growth
    if any(factor != 1 for factor in growth):
        rules.append(optax.stateless(lambda updates, _: _grown(updates, network, growth)))
    return optax.chain(*rules)


def _scaled(names: Container[str], factor: float) -> optax.GradientTransformation:
    """Multiplies the updates of some parameters."""
    chosen = partial(jax.tree_util.tree_map_with_path, lambda path, _: path[-1].name in names)
    return optax.masked(optax.scale(factor), chosen)


def _grown(updates: NetworkParams, network: Network, growth: Sequence[float]) -> NetworkParams:
    """Updates that are as much larger than on SHD as the weights to spiking layers are; a readout's as the input's."""
    layers: list[Any] = network.spiking_layers(updates)
    scaled = [layer._replace(w_in=by * layer.w_in) for layer, by in zip(layers, growth, strict=True)]
    grown = network.with_spiking_layers(updates, scaled)
    if isinstance(grown.readout, ReadoutParams):
        grown = grown._replace(readout=grown.readout._replace(w=growth[0] * grown.readout.w))
    return grown
