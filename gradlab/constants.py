"""Constants of the neurons: their first values, and the free numbers by which they are trained.

A trained constant is ``setting * exp(r tanh(x / r))`` with the network's setting, ``r = log(REACH)`` and a free number
``x``. Near ``x = 0`` this is the logarithm of its ratio to the setting, so that an optimiser's step is a relative
change; and it stays within a factor ``REACH`` of the setting, so that no neuron stops to be one.

Source: Perez-Nieves et al. 2021, Nat. Commun. 12:5791 (constants of each neuron, drawn from a Gamma distribution,
trained within bounds); the smooth bounds are ours.
"""

import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

if TYPE_CHECKING:
    from .network import Network, NetworkParams

#: Largest factor between a trained constant and the network's setting.
REACH = {"tau_mem": 5.0, "tau_syn": 5.0, "threshold": 2.0}
#: First values: one for a layer, one for each neuron but all equal, or time constants drawn for each neuron.
KINDS = ("shared", "equal", "gamma")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHAPE = 3.0  # of the Gamma distribution, with the setting as its mean
_DRAWN_WITHIN = 0.95  # share of the reach, in the logarithm: beyond it the bound would hold a neuron back
_NEAREST = 1 - 1e-6  # to the bound, relative, in single precision


def initial_constants(key: PRNGKeyArray, network: "Network", neurons: int, dtype: Any) -> tuple[Array, ...]:
    """First ``tau_mem, tau_syn, threshold, reset`` of a hidden layer, of the kind ``network.constants``.

    Args:
        key: for the drawn ones.
        network: with the settings.
        neurons: of the layer.
        dtype: floating-point type.

    Returns:
        Scalars, or one entry for each neuron.
    """
    shape = () if network.constants == "shared" else (neurons,)
    settings = (network.tau_mem, network.tau_syn, network.threshold, network.reset)
    tau_mem, tau_syn, threshold, reset = (jnp.full(shape, x, dtype) for x in settings)
    if network.constants == "gamma":
        key_mem, key_syn = jax.random.split(key)
        tau_mem *= _spread(key_mem, neurons, REACH["tau_mem"], dtype)
        tau_syn *= _spread(key_syn, neurons, REACH["tau_syn"], dtype)
    return tau_mem, tau_syn, threshold, reset


def _spread(key, neurons, reach, dtype):
    """Factors of mean 1, within the reach."""
    furthest = reach**_DRAWN_WITHIN
    return jnp.clip(jax.random.gamma(key, _SHAPE, (neurons,), dtype) / _SHAPE, 1 / furthest, furthest)


def is_constant(path: tuple[Any, ...]) -> bool:
    """Whether a leaf of ``NetworkParams``, given its path, is a constant that can be trained."""
    return path[-1].name in REACH


def to_free(params: "NetworkParams", network: "Network") -> "NetworkParams":
    """Constants as free numbers; other leaves, and those that are None, as they are.

    Args:
        params: some or all of a network's parameters, with known values.
        network: with the settings.

    Raises:
        ValueError: if a constant is out of reach.
    """

    def convert(path, x):
        if not is_constant(path):
            return x
        name = path[-1].name
        setting, reach = getattr(network, name), math.log(REACH[name])
        share = np.log(np.asarray(x) / setting) / reach
        if not np.all(np.abs(share) < 1 + 1e-5):
            raise ValueError(
                f"{name} is {np.min(x):g} to {np.max(x):g}, expected within a factor {REACH[name]:g} of the network's "
                f"setting {setting:g} to be trained: change the setting or the parameters"
            )
        return jnp.asarray(reach * np.arctanh(np.clip(share, -_NEAREST, _NEAREST)), x.dtype)

    return jax.tree_util.tree_map_with_path(convert, params)


def from_free(params: "NetworkParams", network: "Network") -> "NetworkParams":
    """The inverse of ``to_free``; differentiable."""

    def convert(path, x):
        if not is_constant(path):
            return x
        reach = math.log(REACH[path[-1].name])
        return getattr(network, path[-1].name) * jnp.exp(reach * jnp.tanh(x / reach))

    return jax.tree_util.tree_map_with_path(convert, params)


def quantiles(params: "NetworkParams") -> dict[str, list[list[float]]]:
    """``QUANTILES`` of each constant over the neurons of each hidden layer, as ``[layer][quantile]``."""
    return {
        f"{name}_quantiles": [np.quantile(np.asarray(getattr(x, name)), QUANTILES).tolist() for x in params.layers]
        for name in REACH
    }
