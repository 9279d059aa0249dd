"""EventProp: continuous time, exact adjoint gradients, state kept only at spikes.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from solvers.eventprop import (
    AUTO,
    ENGINES,
    engine_name,
    lif_layer_with_counts,
    pooled_layer,
    require_delays,
    sharded_name,
)
from solvers.events import Events, Packed, rows_of, without_ghosts
from solvers.neurons import Parameters
from solvers.times import is_fine

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .base import EVENT_DRIVEN, Capacities, Method, pairs
from .spread import are_neurons_spread, over_neurons

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
        return spikes_kept(batch_size, room) * numbers * 4

    def settings(self) -> dict[str, Any]:
        """What this method asks of a layer, as keyword arguments."""
        return {"engine": self.engine}

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        spikes: list[Events | Packed] = []
        counts = []
        for layer, (capacity, mean) in zip(network.spiking_layers(params), pairs(room), strict=True):
            given = spikes[-1] if spikes else events
            settings = dict(duration=network.duration, delay=network.delay, capacity=capacity) | self.settings()
            if are_neurons_spread():  # their spikes have no pool
                fired, count = over_neurons(partial(lif_layer_with_counts, **settings))(layer, given)
            else:
                fired, count = pooled_layer(layer, given, mean=mean, **settings)
            spikes.append(fired)
            counts.append(count)
        # Cheap to compute again, so that nothing but the spikes is kept for the backward pass.
        read = jax.checkpoint(partial(_read, network))
        logits = read(params.readout, spikes[-1])
        hidden = len(network.hidden)
        largest, means = (jnp.stack(each) for each in zip(*map(_needed, spikes), strict=True))
        of_outputs = counts[hidden] if network.readout.spiking else None
        there = tuple(without_ghosts(rows_of(each)) for each in spikes[:hidden])
        return Output(logits, tuple(counts[:hidden]), largest, there, of_outputs, means)

    def layer(
        self, params: Parameters, events: Events, *, duration: float, delay: float, capacity: int
    ) -> tuple[Events, Float[Array, "*batch neurons"]]:
        """See ``Method``."""
        return lif_layer_with_counts(
            params, events, duration=duration, delay=delay, capacity=capacity, **self.settings()
        )


def _needed(spikes: Events | Packed) -> tuple[Array, Array]:
    """Spikes of the busiest sample, and of one on the mean, rounded up, for which there has to be room in the pool.

    Samples with more than they may have are not kept there.
    """
    kept = spikes.count <= spikes.capacity
    mean = -(-jnp.where(kept, spikes.count, 0).sum() // len(kept))
    if isinstance(spikes, Events):
        return spikes.count.max(), mean
    too_small = (spikes.overflowed & kept).any()
    return spikes.count.max(), jnp.where(too_small, jnp.maximum(mean, spikes.slots // len(kept) + 1), mean)


def _read(network: Network, params: Any, spikes: Events | Packed) -> Array:
    """Logits, from what the readout takes."""
    readout = network.readout
    given: Any = spikes if getattr(readout, "packed", False) else rows_of(spikes)
    return readout.from_events(params, given, network.spiking_sizes[-1], network.duration)


def spikes_kept(batch_size: int, room: Capacities) -> int:
    """How many spikes of a batch there is room for, in all layers."""
    return batch_size * sum(each.mean for each in pairs(room))
