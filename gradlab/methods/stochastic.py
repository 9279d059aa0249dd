"""Stochastic LIF neurons: escape noise on a time grid, and surrogate gradients that match it.

Each spike is drawn with a probability that grows with the voltage, whose derivative is the surrogate derivative. Of a
single neuron that is the derivative of the expected output; of a network it is biased (``benchmarks.gygax_zenke``).

Source: Gygax & Zenke 2025, Neural Comput. 37:886.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import PRNGKeyArray

from solvers.escape import Escape
from solvers.events import Events
from solvers.fields import Positive

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .base import CLOCK_DRIVEN, Capacities, Method
from .bptt import BPTT
from .spread import first_sample


@dataclass(frozen=True)
class Stochastic(Method):
    """Spikes that are drawn, anew in each step of a training, and surrogate gradients of their probabilities.

    Attributes:
        dt: step of the time grid [s]; the delay, and a refractory period, must be a whole number of steps.
        escape: how the probability of a spike in a step of the grid depends on the voltage.
        reset_gradient: let surrogate gradients pass the reset.
        checkpoint: recompute instead of store: less memory, more time.
    """

    name: ClassVar[str] = "stochastic"
    label: ClassVar[str] = "stochastic, BPTT-SG"
    colour: ClassVar[str] = "#B2DF8A"
    simulator: ClassVar[str] = CLOCK_DRIVEN
    exact: ClassVar[bool] = False
    relief: ClassVar[str] = BPTT.relief

    dt: Positive = 1e-3
    escape: Escape = Escape()
    reset_gradient: bool = True
    checkpoint: bool = False

    @property
    def on_grid(self) -> BPTT:
        """See ``Method``."""
        return BPTT(self.dt, reset_gradient=self.reset_gradient, checkpoint=self.checkpoint)

    def check(self, network: Network) -> None:
        """See ``Method``."""
        if network.has_delays:
            raise ValueError("stochastic draws no spikes of layers with delays that are parameters: leave them out")
        self.on_grid.check(network)

    def kept_bytes(self, network: Network, batch_size: int, room: Capacities) -> int:
        """See ``Method``: as BPTT; the noise is drawn again, not kept."""
        return self.on_grid.kept_bytes(network, batch_size, room)

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        observer = network.readout.observer(params.readout, network.duration)
        first = first_sample(len(events.times))  # the same draws on any number of devices
        return self.on_grid.run(network, params, events, observer, surrogate=self.escape, key=key, first_sample=first)
