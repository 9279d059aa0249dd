"""Bounds of trained constants and delays: an optimiser moves unconstrained numbers, from which they follow.

A trained constant is ``setting * exp(r tanh(x / r))`` with the network's setting, ``r = log(reach)`` and an
unconstrained number ``x``. Near ``x = 0`` this is the logarithm of its ratio to the setting, so that an optimiser's
step is a relative change; and it stays within a factor ``reach`` of the setting, so that every neuron stays able to
work. The smooth bounds are ours; bounds as such: Perez-Nieves et al. 2021, Nat. Commun. 12:5791.

A trained delay is ``x`` milliseconds. It may be 0, so after every step ``x`` is put back to where it may be (projected
gradient descent): a smooth bound would never be reached, or never left.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

_NEAREST = 1 - 1e-6  # to the bound, relative, in single precision
_UNIT = 1e-3  # of an unconstrained delay [s]
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

    def free(self, name: str, value: Array | np.ndarray) -> Array:
        """The constant as an unconstrained number; its name is for the error."""
        reach = math.log(self.reach)
        share = np.log(np.asarray(value) / self.setting) / reach
        if not np.all(np.abs(share) < 1 + 1e-5):
            raise ValueError(
                f"{name} is {np.min(value):g} to {np.max(value):g}, expected within a factor {self.reach:g} of the "
                f"network's setting {self.setting:g} to be trained: change the setting or the parameters"
            )
        return jnp.asarray(reach * np.arctanh(np.clip(share, -_NEAREST, _NEAREST)), value.dtype)

    def bounded(self, x: Array) -> Array:
        """The inverse of ``free``."""
        reach = math.log(self.reach)
        return self.setting * jnp.exp(reach * jnp.tanh(x / reach))

    def project(self, x: Array) -> Array:
        """Any number will do."""
        return x


class Span(NamedTuple):
    """Where a delay, or a coordinate in space, may go: from 0 on.

    Attributes:
        longest: [s].
    """

    longest: float

    def free(self, name: str, value: Array | np.ndarray) -> Array:
        """See ``Bound``."""
        if not np.all(np.asarray(value) <= self.longest * (1 + 1e-5)):
            raise ValueError(
                f"delays.{name} are up to {np.max(value):g} s, expected at most {self.longest:g} s to be trained: "
                "raise longest_delay or change the parameters"
            )
        return jnp.asarray(value) / _UNIT

    def bounded(self, x: Array) -> Array:
        """See ``Bound``."""
        return _UNIT * x

    def project(self, x: Array) -> Array:
        """The nearest number from which a delay follows that may be."""
        return jnp.clip(x, 0, self.longest / _UNIT)


Bounds = Mapping[str, Bound | Span]


def unconstrain(params: Tree, bounds: Bounds) -> Tree:
    """What is bounded as unconstrained numbers; other leaves, and those that are None, as they are.

    Args:
        params: pytree of named tuples with known values.
        bounds: by the name of the field.

    Raises:
        ValueError: if something is out of bounds.
    """
    return _where_bounded(lambda name, x: bounds[name].free(name, x), params, bounds)


def constrain(params: Tree, bounds: Bounds) -> Tree:
    """The inverse of ``unconstrain``; differentiable."""
    return _where_bounded(lambda name, x: bounds[name].bounded(x), params, bounds)


def project(params: Tree, bounds: Bounds) -> Tree:
    """Unconstrained numbers after a step of an optimiser, put back to where they may be."""
    return _where_bounded(lambda name, x: bounds[name].project(x), params, bounds)


def _where_bounded(change: Any, params: Tree, bounds: Bounds) -> Tree:
    def convert(path: tuple[Any, ...], x: Array | np.ndarray) -> Array | np.ndarray:
        changed: Array | np.ndarray = change(path[-1].name, x) if path[-1].name in bounds else x
        return changed

    return jax.tree_util.tree_map_with_path(convert, params)
