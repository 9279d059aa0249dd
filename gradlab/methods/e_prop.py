"""E-prop: surrogate gradients on a time grid without backpropagation through time.

The gradient comes from eligibility traces, which are computed forward in time (``solvers.eprop``). The learning signal
of a loss on an integral over the trial is known when the trial ends: then it is run once more, and each step's traces
meet their signal. Nothing is kept between the passes. A single pass would have to sum up the traces of each sample, in
as many weight matrices as a batch has samples.

Source: Bellec et al. 2020, Nat. Commun. 11:3625.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from solvers import eprop
from solvers.events import Events
from solvers.fields import Positive, Seed
from solvers.own_rules import own_rules
from solvers.surrogates import Surrogate

from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from ..networks.readouts import LINEAR
from .base import CLOCK_DRIVEN, Capacities, Method
from .bptt import BPTT

_STREAM = 1  # of random numbers: under one seed the feedback is not what the weights start from


@dataclass(frozen=True)
class EProp(Method):
    """Eligibility traces instead of backpropagation through time; what passes resets and other neurons is left out.

    Attributes:
        dt: step of the time grid [s]; the delay, and a refractory period, must be a whole number of steps.
        surrogate: surrogate derivative of a spike.
        feedback: how the answer's errors reach hidden neurons: through the readout's weights (symmetric), or through
            fixed random ones straight to each hidden layer (random).
        feedback_seed: of the random weights on the way back, drawn as the initial weights are.
    """

    name: ClassVar[str] = "e-prop"
    label: ClassVar[str] = "e-prop"
    colour: ClassVar[str] = "#6A3D9A"
    simulator: ClassVar[str] = CLOCK_DRIVEN
    exact: ClassVar[bool] = False
    relief: ClassVar[str] = "lower batch_size or hidden"

    dt: Positive = 1e-3
    surrogate: Surrogate = Surrogate()
    feedback: Literal["symmetric", "random"] = "symmetric"
    feedback_seed: Seed = 0

    def check(self, network: Network) -> None:
        """See ``Method``."""
        if network.loss not in LINEAR:
            raise ValueError(
                f"loss {network.loss} has no learning signal for e-prop: choose one that is a sum over time, "
                f"{' or '.join(LINEAR)}"
            )
        if network.neuron != "lif":
            raise ValueError(f"neuron {network.neuron!r} has no eligibility traces for e-prop: choose lif")
        if network.constants != "shared":
            raise ValueError(f"constants are {network.constants}, but e-prop needs those that a layer shares: shared")
        if network.has_delays:
            raise ValueError("e-prop has no traces of delays that are parameters: leave them out")
        if len(network.hidden) > 1 and self.feedback == "symmetric":
            raise ValueError(
                f"hidden are {len(network.hidden)} layers, of which the readout sees the last one only, so that no "
                "symmetric feedback reaches the others: choose feedback random"
            )
        self.on_grid.check(network)

    @property
    def on_grid(self) -> BPTT:
        """See ``Method``."""
        return BPTT(self.dt, self.surrogate)

    def signals(self, network: Network, params: NetworkParams) -> list[Any]:
        """For each hidden layer the readout through whose weights errors come back."""
        readout: Any = params.readout
        if self.feedback == "symmetric":
            return [readout]
        keys = jax.random.split(jax.random.fold_in(jax.random.key(self.feedback_seed), _STREAM), len(network.hidden))
        drawn = [
            replace(network, hidden=(neurons,)).init(key, readout.w.dtype).readout
            for neurons, key in zip(network.hidden, keys, strict=True)
        ]
        return [readout._replace(w=each.w) for each in drawn]  # type: ignore[union-attr]

    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """See ``Method``."""
        return _run(self, network, params, events, key)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(method: EProp, network: Network, params: NetworkParams, events: Events, key: PRNGKeyArray) -> Output:
    return method.on_grid.forward(network, params, events, (), key)


@own_rules()
def _forward(
    method: EProp, network: Network, params: NetworkParams, events: Events, key: PRNGKeyArray
) -> tuple[Output, tuple[NetworkParams, Events]]:
    return _run(method, network, params, events, key), (params, events)


@own_rules()
def _backward(
    method: EProp, network: Network, residuals: tuple[NetworkParams, Events], at: Output
) -> tuple[NetworkParams, None, None]:
    params, events = residuals
    kernel: Any = network.readout.kernel  # type: ignore[attr-defined]

    def answer(readout: Any, spikes: Array, times: Array) -> Array:
        return jnp.tensordot(kernel(readout, times, network.duration), spikes, 1) @ readout.w

    layers, readout = eprop.gradient(
        params.layers,  # type: ignore[arg-type]
        events,
        answer,
        params.readout,
        method.signals(network, params),
        at.logits,
        at.counts,
        duration=network.duration,
        dt=method.dt,
        delay=network.delay,
        surrogate=method.surrogate,
    )
    return NetworkParams(layers, readout), None, None


_run.defvjp(_forward, _backward)
