"""EventProp: continuous time, exact adjoint gradients, state kept only at spikes.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from solvers.eventprop import AUTO, ENGINES, engine_name, lif_layer_with_counts, require_delays, sharded_name
from solvers.events import Events, without_ghosts
from solvers.neurons import Parameters
from solvers.times import is_fine

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .base import EVENT_DRIVEN, Capacities, Method
from .spread import over_neurons

if TYPE_CHECKING:
    EngineName = str
else:
    EngineName = Literal[(AUTO, *ENGINES)]


@dataclass(frozen=True)
class EventProp(Method):
    """Exact gradients in continuous time.

    Attributes:
        engine: how event-driven passes are computed: numba (CPU), xla (any device), cuda (NVIDIA's GPUs), ode (any
            neuron model, slow), or auto (numba on a CPU, cuda on NVIDIA's GPUs for lif, xla elsewhere, and ode for
            neurons that these have not).
    """

    name: ClassVar[str] = "eventprop"
    label: ClassVar[str] = "EventProp"
    colour: ClassVar[str] = "#0072B2"
    simulator: ClassVar[str] = EVENT_DRIVEN
    exact: ClassVar[bool] = True

    engine: EngineName = AUTO

    def check(self, network: Network) -> None:
        """See ``Method``."""
        name = engine_name(self.engine, network.neuron)
        if network.has_delays:
            require_delays(name, jax.eval_shape(network.init, jax.random.key(0)).layers[0])

    def check_apart(self, network: Network) -> None:
        """See ``Method``."""
        if engine_name(self.engine, network.neuron) == "ode":
            raise ValueError(
                "engine ode does not spread a batch over devices: leave out devices, or the mesh; engines numba and "
                "xla do, and for other neurons than lif methods on a time grid"
            )

    def check_neurons_apart(self, network: Network) -> None:
        """See ``Method``."""
        if self.settings().keys() != {"engine"}:  # of another gradient
            super().check_neurons_apart(network)
        sharded_name(self.engine, network.neuron)
        if network.has_delays:
            raise ValueError(
                f"input_delays is {network.input_delays} and recurrent_delays {network.recurrent_delays}, expected "
                "none where neurons are spread over devices: leave out the delays, or neuron_devices"
            )

    def kept_bytes(self, network: Network, batch_size: int, room: Capacities) -> int:
        """See ``Method``: three numbers a spike that there is room for, and what times lose in a long recording."""
        numbers = 3 if is_fine(jnp.float32, network.duration) else 4
        return batch_size * sum(room) * numbers * 4

    def settings(self) -> dict[str, Any]:
        """What this method asks of a layer, as keyword arguments."""
        return {"engine": self.engine}

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        spikes, counts = [], []
        for layer, capacity in zip(network.spiking_layers(params), room, strict=True):
            events, count = self.layer(layer, events, duration=network.duration, delay=network.delay, capacity=capacity)
            spikes.append(events)
            counts.append(count)
        # Cheap to compute again, so that nothing but the spikes is kept for the backward pass.
        read = jax.checkpoint(network.readout.from_events, static_argnums=(2, 3))
        logits = read(params.readout, events, network.spiking_sizes[-1], network.duration)
        hidden = len(network.hidden)
        largest = jnp.stack([s.count.max() for s in spikes])
        of_outputs = counts[hidden] if network.readout.spiking else None
        there = tuple(without_ghosts(each) for each in spikes[:hidden])
        return Output(logits, tuple(counts[:hidden]), largest, there, of_outputs)

    def layer(
        self, params: Parameters, events: Events, *, duration: float, delay: float, capacity: int
    ) -> tuple[Events, Float[Array, "*batch neurons"]]:
        """See ``Method``."""
        settings = dict(duration=duration, delay=delay, capacity=capacity) | self.settings()
        return over_neurons(partial(lif_layer_with_counts, **settings))(params, events)
