"""What delays add to what is kept between the passes: as many numbers as there are delays, and nothing for a spike."""

from typing import Any

import jax

from gradlab.measuring import memory
from gradlab.methods.base import Capacity
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.training.trained import unconstrained_params

from ..contestants import CONTESTANTS
from ..workload import changed, gradient_of
from .problems import Size, draw


def added_by_delays(size: Size, room: Capacity) -> dict[str, int]:
    """By variant with delays: what EventProp keeps beyond what it keeps without, and the delays themselves [bytes].

    Args:
        size: of the problem.
        room: for hidden spikes, whatever the delays.
    """
    params, events, labels = draw(size)

    def kept(network: Network, params: NetworkParams) -> int:
        arguments = *unconstrained_params(params, network, size.config), events, labels
        functions = gradient_of(CONTESTANTS["eventprop"], network, size.config, (room,))
        return memory.residual_bytes(functions.loss, *arguments)

    found, none = {}, kept(size.network, params)
    for name, (network, of_network) in changed(size.network, params, size.duration / 2, seed=0).items():
        if network.has_delays:
            found[f"{name}_added_bytes"] = kept(network, of_network) - none
            layer: Any = of_network.layers[0]
            found[f"{name}_own_bytes"] = sum(x.nbytes for x in jax.tree.leaves(layer.delays))
    return found
