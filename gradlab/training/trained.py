"""Which parameters are trained, and the unconstrained numbers that an optimiser moves in their place."""

from collections.abc import Container
from typing import Any

import equinox as eqx
import jax

from ..networks.network import Network
from ..networks.params import WEIGHTS, NetworkParams
from ..networks.transforms import Bounds, constrain, project, unconstrain
from .config import TrainConfig


def split_params(params: NetworkParams, constants: Container[str] = ()) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)``: two pytrees of the same structure with None where the other has its leaves.

    Args:
        params: of a network.
        constants: names of what is trained beside the weights.
    """
    trained = lambda path, _: path[-1].name in WEIGHTS or path[-1].name in constants  # noqa: E731
    return eqx.partition(params, jax.tree_util.tree_map_with_path(trained, params))


def unconstrained_params(
    params: NetworkParams, network: Network, config: TrainConfig
) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)`` as ``split_params``, trained constants and delays as unconstrained numbers.

    Raises:
        ValueError: if something that is to be trained is out of bounds.
    """
    chosen = network.bounds if config.train_constants else {}
    trained, constant = split_params(params, [*chosen, *(network.delay_bounds if config.train_delays else ())])
    return unconstrain(trained, _bounds(network)), constant


def constrained_params(trained: Any, constant: NetworkParams, network: Network) -> NetworkParams:
    """The inverse of ``unconstrained_params``; differentiable."""
    return eqx.combine(constrain(trained, _bounds(network)), constant)


def projected_params(trained: Any, network: Network) -> Any:
    """Trained parameters, as ``unconstrained_params`` gives them, put back after a step to where they may be."""
    return project(trained, _bounds(network))


def _bounds(network: Network) -> Bounds:
    return network.bounds | network.delay_bounds
