"""Which parameters are trained, and the unconstrained numbers that an optimiser moves in their place."""

from collections.abc import Container
from typing import Any

import equinox as eqx
import jax

from ..networks.network import Network
from ..networks.params import WEIGHTS, NetworkParams
from ..networks.transforms import constrain, unconstrain
from .config import TrainConfig


def split_params(params: NetworkParams, constants: Container[str] = ()) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)``: two pytrees of the same structure with None where the other has its leaves.

    Args:
        params: of a network.
        constants: names of the constants that are trained, too; weights always are.
    """
    trained = lambda path, _: path[-1].name in WEIGHTS or path[-1].name in constants  # noqa: E731
    return eqx.partition(params, jax.tree_util.tree_map_with_path(trained, params))


def unconstrained_params(
    params: NetworkParams, network: Network, config: TrainConfig
) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)`` as ``split_params``, the trained constants as unconstrained numbers.

    Raises:
        ValueError: if a constant that is to be trained is out of bounds.
    """
    trained, constant = split_params(params, network.bounds if config.train_constants else ())
    return unconstrain(trained, network.bounds), constant


def constrained_params(trained: Any, constant: NetworkParams, network: Network) -> NetworkParams:
    """The inverse of ``unconstrained_params``; differentiable."""
    return eqx.combine(constrain(trained, network.bounds), constant)
