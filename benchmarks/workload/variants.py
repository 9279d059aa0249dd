"""What variants of EventProp change: the constants, the length of the trial, delays of the connections."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams

_SILENCE = 10  # the trial of the variant with silence is so many times as long
#: What has delays of its own, among the connections from the inputs and the recurrent ones.
_DELAYS = {"eventprop_axonal_delays": ("channels", "neurons"), "eventprop_synaptic_delays": ("synapses", "synapses")}


class Changed(NamedTuple):
    """A network and its parameters."""

    network: Network
    params: NetworkParams


def changed(network: Network, params: NetworkParams, longest_delay: float, seed: int) -> dict[str, Changed]:
    """Each of ``contestants.VARIANTS`` by name.

    Args:
        network: with one hidden layer.
        params: of the network.
        longest_delay: delays are drawn up to this [s].
        seed: of the delays.

    Raises:
        ValueError: if the delays are longer than the trial.
    """
    layer: Any = params.layers[0]
    weights = {name: getattr(layer, name) for name in ("w_in", "w_rec")}
    each = jax.tree.map(lambda x: jnp.broadcast_to(x, network.hidden), layer._replace(**dict.fromkeys(weights)))
    found = {
        "eventprop_per_neuron": Changed(network, params._replace(layers=(each._replace(**weights),))),
        "eventprop_silence": Changed(replace(network, duration=_SILENCE * network.duration), params),
    }
    for name, (of_inputs, own) in _DELAYS.items():
        delayed = replace(network, input_delays=of_inputs, recurrent_delays=own, longest_delay=longest_delay)
        first: Any = delayed.init(jax.random.key(seed)).layers[0]
        found[name] = Changed(delayed, params._replace(layers=(layer._replace(delays=first.delays),)))
    return found
