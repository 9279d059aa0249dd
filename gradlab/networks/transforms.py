"""Bounds of trained constants: an optimiser moves unconstrained numbers, from which the constants follow.

A trained constant is ``setting * exp(r tanh(x / r))`` with the network's setting, ``r = log(reach)`` and an
unconstrained number ``x``. Near ``x = 0`` this is the logarithm of its ratio to the setting, so that an optimiser's
step is a relative change; and it stays within a factor ``reach`` of the setting, so that every neuron stays able to
work. The smooth bounds are ours; bounds as such: Perez-Nieves et al. 2021, Nat. Commun. 12:5791.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

_NEAREST = 1 - 1e-6  # to the bound, relative, in single precision
Tree = TypeVar("Tree")


class Bound(NamedTuple):
    """Where a constant may go.

    Attributes:
        setting: the middle of its range, in the unit of the constant.
        reach: largest factor between the constant and the setting, > 1.
    """

    setting: float
    reach: float

    @property
    def lowest(self) -> float:
        """The lower end of the range."""
        return self.setting / self.reach


def unconstrain(params: Tree, bounds: Mapping[str, Bound]) -> Tree:
    """Bounded constants as unconstrained numbers; other leaves, and those that are None, as they are.

    Args:
        params: pytree of named tuples with known values.
        bounds: by the name of the field.

    Raises:
        ValueError: if a constant is out of reach.
    """

    def convert(path: tuple[Any, ...], x: Array | np.ndarray) -> Array | np.ndarray:
        name = path[-1].name
        if name not in bounds:
            return x
        setting, reach = bounds[name].setting, math.log(bounds[name].reach)
        share = np.log(np.asarray(x) / setting) / reach
        if not np.all(np.abs(share) < 1 + 1e-5):
            raise ValueError(
                f"{name} is {np.min(x):g} to {np.max(x):g}, expected within a factor {bounds[name].reach:g} of the "
                f"network's setting {setting:g} to be trained: change the setting or the parameters"
            )
        return jnp.asarray(reach * np.arctanh(np.clip(share, -_NEAREST, _NEAREST)), x.dtype)

    return jax.tree_util.tree_map_with_path(convert, params)


def constrain(params: Tree, bounds: Mapping[str, Bound]) -> Tree:
    """The inverse of ``unconstrain``; differentiable."""

    def convert(path: tuple[Any, ...], x: Array) -> Array:
        if path[-1].name not in bounds:
            return x
        bound = bounds[path[-1].name]
        reach = math.log(bound.reach)
        return bound.setting * jnp.exp(reach * jnp.tanh(x / reach))

    return jax.tree_util.tree_map_with_path(convert, params)
