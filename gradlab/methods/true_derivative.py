"""The true derivative of a spike, which is zero: hidden layers stay as they were drawn, and only the readout learns.

A control: what the surrogate adds is what BPTT-SG reaches beyond it. The control of Zenke & Vogels 2021, Neural Comput.
33:899.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
from jaxtyping import PRNGKeyArray

from solvers.events import Events
from solvers.fields import Positive
from solvers.surrogates import Surrogate

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .base import CLOCK_DRIVEN, Capacities, Method
from .bptt import BPTT


@dataclass(frozen=True)
class TrueDerivative(Method):
    """The derivative on a time grid, wherever there is one: zero in all hidden layers.

    The same gradient as that of BPTT-SG with ``scale`` 0, without a reverse pass through the layers.

    Attributes:
        dt: step of the time grid [s]; the delay, and a refractory period, must be a whole number of steps.
    """

    name: ClassVar[str] = "true-derivative"
    label: ClassVar[str] = "true derivative"
    colour: ClassVar[str] = "#666666"
    simulator: ClassVar[str] = CLOCK_DRIVEN
    exact: ClassVar[bool] = False  # of the model in continuous time, as the derivative on its grid knows no spike times
    relief: ClassVar[str] = "lower batch_size, hidden or duration, or raise dt"

    dt: Positive = 1e-3

    def check(self, network: Network) -> None:
        """See ``Method``."""
        if network.readout.spiking:
            raise ValueError(
                f"loss {network.loss} has a readout that spikes, so that no parameter has a true derivative but zero: "
                "choose a loss with a leaky readout"
            )
        self.on_grid.check(network)

    @property
    def on_grid(self) -> BPTT:
        """See ``Method``."""
        return BPTT(self.dt, Surrogate(scale=0.0))

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        fixed = params._replace(layers=jax.lax.stop_gradient(params.layers))
        return self.on_grid.forward(network, fixed, events, room, key)
