"""The optimiser: clipping and Adam under a learning rate that eases in and falls."""

from collections.abc import Callable, Container
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .config import TrainConfig

_EASE_IN_STEPS = 140  # at most; from a thousandth by 5 % a step (Nowotny et al. 2025), of a short training a tenth


def schedule(config: TrainConfig, steps: int) -> Callable[[Any], Any]:
    """Learning rate by step: eased in from a thousandth, by 5 % a step or faster, then a cosine down to zero."""
    ease_in = max(1, min(_EASE_IN_STEPS, steps // 10))

    def rate(step: Any) -> Any:
        rise = jnp.minimum(1.0, 1e-3 ** (1 - step / ease_in))
        return config.learning_rate * rise * 0.5 * (1 + jnp.cos(jnp.pi * step / steps))

    return rate


def optimiser(config: TrainConfig, steps: int, constants: Container[str]) -> optax.GradientTransformation:
    """Clipping and Adam under ``schedule``, for a training of so many steps.

    Args:
        config: of the training.
        steps: of the whole training.
        constants: names of the leaves whose learning rate is multiplied by ``config.constants_factor``, if constants
            are trained.
    """
    # Gradients of a time-averaged voltage are small numbers: Adam's usual epsilon would not be small beside them.
    adam = optax.adam(schedule(config, steps), eps=1e-12)
    rules = [optax.clip_by_global_norm(config.clip), adam]
    if config.train_constants:
        chosen = partial(jax.tree_util.tree_map_with_path, lambda path, _: path[-1].name in constants)
        rules.append(optax.masked(optax.scale(config.constants_factor), chosen))
    return optax.chain(*rules)
