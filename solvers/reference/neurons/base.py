"""What a neuron model consists of, for the oracle that solves any ordinary differential equation."""

from typing import Any, NamedTuple, Protocol

import jax.numpy as jnp
from jaxtyping import Array, Float


class Parameters(Protocol):
    """What the parameters of any model hold; all else is the model's own. A NamedTuple of arrays."""

    @property
    def w_in(self) -> Float[Array, "pre post"]:
        """Weights from the inputs [voltage]."""

    @property
    def w_rec(self) -> Float[Array, "post post"] | None:
        """Recurrent weights [voltage], or None."""


class State(NamedTuple):
    """State of a layer of neurons with an exponential synapse.

    Attributes:
        v: membrane voltage.
        i: synaptic current [voltage], to which an arriving spike adds its weight.
    """

    v: Float[Array, " neurons"]
    i: Float[Array, " neurons"]


def at_rest(params: Parameters) -> State:
    """No voltage, no current."""
    zeros = jnp.zeros(params.w_in.shape[1], params.w_in.dtype)
    return State(zeros, zeros)


class Neuron(Protocol):
    """A neuron model: a module of four functions. A state is a NamedTuple whose field ``i`` takes the arrivals."""

    def rest(self, params: Any) -> Any:
        """State at time 0, one entry per neuron."""

    def derivative(self, params: Any, state: Any) -> Any:
        """Time derivative of the state between events [1/s]."""

    def excess(self, params: Any, state: Any) -> Float[Array, " neurons"]:
        """A neuron spikes when this rises through 0."""

    def after_spike(self, params: Any, state: Any) -> Any:
        """State after a spike, for each neuron as if it had spiked."""
