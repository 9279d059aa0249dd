"""Feedback alignment: BPTT-SG whose reverse pass goes back through fixed random weights.

Source: Lillicrap, Cownden, Tweed & Akerman 2016, Nat. Commun. 7:13276.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from solvers.bptt import Observer, product
from solvers.events import Events
from solvers.fields import Seed

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from .base import Capacities, Method
from .bptt import BPTT

_STREAM = 1  # of random numbers: under one seed the feedback is not what the weights start from


@dataclass(frozen=True)
class FeedbackAlignment(BPTT):
    """Surrogate gradients that go back through fixed random weights.

    These replace the weights of the readout, of recurrent connections and between hidden layers. The weights themselves
    learn by the usual product of what goes in and what comes back.

    Attributes:
        feedback_seed: of the random weights on the way back, drawn as the initial weights are.
    """

    name: ClassVar[str] = "feedback-alignment"
    label: ClassVar[str] = "feedback alignment"
    colour: ClassVar[str] = "#F0A30A"

    feedback_seed: Seed = 0

    layer = Method.layer  # the way back is that of a whole network

    def check(self, network: Network) -> None:
        """See ``Method``."""
        if network.has_delays:
            raise ValueError("feedback-alignment goes back without delays that are parameters: leave them out")
        super().check(network)

    def feedback(self, network: Network, dtype: Any) -> NetworkParams:
        """The weights on the way back, the same in every step."""
        return network.init(jax.random.fold_in(jax.random.key(self.feedback_seed), _STREAM), dtype)

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        back = jax.lax.stop_gradient(self.feedback(network, params.layers[0].w_in.dtype))
        layers = network.spiking_layers(back)
        if network.readout.spiking:
            return self.run(network, params, events, network.readout.observer(None, network.duration), feedback=layers)
        w: Array = params.readout.w  # type: ignore[union-attr]
        # A leaky readout reads the currents that the spikes bring, one channel for each output.
        currents = params._replace(readout=params.readout._replace(w=jnp.eye(w.shape[1], dtype=w.dtype)))  # type: ignore[union-attr]
        reading = network.readout.observer(currents.readout, network.duration)
        observer = _OfCurrents(reading, w, back.readout.w)  # type: ignore[union-attr]
        return self.run(network, currents, events, observer, feedback=layers)


class _OfCurrents(NamedTuple):
    """Brings the spikes to a readout through weights, and its derivatives back through others."""

    observer: Observer
    w: Array
    back: Array

    def init(self, batch: int, neurons: int, dtype: Any) -> Any:
        return self.observer.init(batch, self.w.shape[1], dtype)

    def step(self, state: Any, spikes: Array, time: Array, lag: Array) -> Any:
        return self.observer.step(state, product(spikes, self.w, self.back), time, lag)
