"""First values of the constants of hidden neurons: one for a layer, one for each neuron, or drawn for each.

Source: Perez-Nieves et al. 2021, Nat. Commun. 12:5791 (constants of each neuron, drawn from a Gamma distribution).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from solvers.neurons import Constant

#: One value for a layer, one for each neuron but all equal, or the constants that the model lets be drawn.
KINDS = ("shared", "equal", "gamma")
if TYPE_CHECKING:
    KindName = str
else:
    KindName = Literal[KINDS]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHAPE = 3.0  # of the Gamma distribution, with the setting as its mean
_DRAWN_WITHIN = 0.95  # share of the reach, in the logarithm: closer to its bound, a neuron would be held back by it


def initial_constants(
    key: PRNGKeyArray,
    kind: str,
    declared: Mapping[str, Constant],
    settings: Mapping[str, float],
    neurons: int,
    dtype: Any,
) -> dict[str, Array]:
    """First values of the constants of a hidden layer.

    Args:
        key: for the drawn ones.
        kind: one of ``KINDS``.
        declared: the constants of the neuron model.
        settings: the value of each in the network.
        neurons: of the layer.
        dtype: floating-point type.

    Returns:
        By name: a scalar, or one entry for each neuron.
    """
    shape = () if kind == "shared" else (neurons,)
    values = {name: jnp.full(shape, settings[name], dtype) for name in declared}
    if kind == "gamma":
        drawn = {name: constant.reach for name, constant in declared.items() if constant.drawn and constant.reach}
        for one, (name, reach) in zip(jax.random.split(key, len(drawn)), drawn.items(), strict=True):
            values[name] *= _spread(one, neurons, reach, dtype)
    return values


def _spread(key: PRNGKeyArray, neurons: int, reach: float, dtype: Any) -> Array:
    """Factors of mean 1, within the reach."""
    furthest = reach**_DRAWN_WITHIN
    return jnp.clip(jax.random.gamma(key, _SHAPE, (neurons,), dtype) / _SHAPE, 1 / furthest, furthest)


def quantiles(layers: Iterable[Any], names: Iterable[str]) -> dict[str, list[list[float]]]:
    """``QUANTILES`` of some constants over the neurons of each hidden layer, as ``[layer][quantile]``.

    Args:
        layers: parameters of each.
        names: of the constants.

    Returns:
        By ``NAME_quantiles``.
    """
    return {
        f"{name}_quantiles": [np.quantile(np.asarray(getattr(layer, name)), QUANTILES).tolist() for layer in layers]
        for name in names
    }
