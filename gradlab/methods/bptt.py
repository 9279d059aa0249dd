"""BPTT-SG: the model on a time grid, backpropagation through time with surrogate derivatives of the spikes.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from solvers import bptt
from solvers.events import Events
from solvers.fields import Positive
from solvers.neurons import Parameters
from solvers.neurons.lif import LIFParams
from solvers.surrogates import Plain, Surrogate, as_surrogate

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .base import CLOCK_DRIVEN, Capacities, Method


@dataclass(frozen=True)
class BPTT(Method):
    """Surrogate gradients on a time grid.

    Attributes:
        dt: step of the time grid [s]; the delay, and a refractory period, must be a whole number of steps.
        surrogate: surrogate derivative of a spike; in code also a function of the distance from the threshold.
        reset_gradient: let surrogate gradients pass the reset.
        checkpoint: recompute instead of store: less memory, more time.
    """

    name: ClassVar[str] = "bptt"
    label: ClassVar[str] = "BPTT-SG"
    colour: ClassVar[str] = "#D55E00"
    simulator: ClassVar[str] = CLOCK_DRIVEN
    exact: ClassVar[bool] = False
    relief: ClassVar[str] = "lower batch_size, hidden or duration, raise dt, or set checkpoint"

    dt: Positive = 1e-3
    surrogate: Surrogate | Plain = Surrogate()
    reset_gradient: bool = True
    checkpoint: bool = False

    def __post_init__(self) -> None:
        """Make a function a surrogate, and refuse impossible options."""
        object.__setattr__(self, "surrogate", as_surrogate(self.surrogate))
        super().__post_init__()

    @property
    def on_grid(self) -> "BPTT":
        """See ``Method``: itself."""
        return self

    def check(self, network: Network) -> None:
        """See ``Method``."""
        bptt.time_grid(network.duration, self.dt, network.delay)
        if network.has_delays:
            for layer in jax.eval_shape(network.init, jax.random.key(0)).layers:
                bptt.require_delays(layer)
            if self.checkpoint:
                raise ValueError("checkpoint is set, but with delays all steps are kept: leave it out")
        if (period := network.neuron_model.refractory) is not None:
            bptt.whole_steps(period, network.constant_values[period], self.dt, least=1)

    def kept_bytes(self, network: Network, batch_size: int, room: Capacities) -> int:
        """See ``Method``: voltages of all steps, or voltages and currents at the start of each segment."""
        grid, neurons = bptt.time_grid(network.duration, self.dt, network.delay), sum(network.spiking_sizes)
        all_steps = not self.checkpoint and network.neuron_model.params is LIFParams
        states = grid.steps if all_steps else 2 * -(-grid.steps // grid.segment)
        return batch_size * neurons * states * 4

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        return self.run(network, params, events, network.readout.observer(params.readout, network.duration))

    def run(
        self, network: Network, params: NetworkParams, events: Events, observer: bptt.Observer, **settings: Any
    ) -> Output:
        """``forward`` with an observer of the readout, and with other settings of ``solvers.bptt.simulate``."""
        own: dict[str, Any] = dict(surrogate=self.surrogate, reset_gradient=self.reset_gradient)
        state, counts = bptt.simulate(
            network.spiking_layers(params),
            events,
            observer,
            duration=network.duration,
            dt=self.dt,
            delay=network.delay,
            checkpoint=self.checkpoint,
            **own | settings,
        )
        logits = network.readout.from_state(params.readout, state, network.duration)
        largest = jnp.stack([count.sum(1).max() for count in counts])
        hidden = len(network.hidden)
        of_outputs = counts[hidden] if network.readout.spiking else None
        return Output(logits, counts[:hidden], largest, output_counts=of_outputs)

    def layer(
        self, params: Parameters, events: Events, *, duration: float, delay: float, capacity: int
    ) -> tuple[Events, Float[Array, "*batch neurons"]]:
        """See ``Method``; all steps are kept."""
        if self.checkpoint:
            raise ValueError("checkpoint is set, but a layer of its own keeps all steps: leave it out")
        spikes = bptt.event_layer(
            params, events, duration=duration, delay=delay, dt=self.dt, surrogate=self.surrogate,
            reset_gradient=self.reset_gradient,
        )  # fmt: skip
        return spikes, spikes.spikes(params.w_in.shape[1]).sum(-2)
