"""Leaky integrate-and-fire, as in ``solvers.lif``: ``tau_mem dv/dt = -v + i``."""

from jaxtyping import Array, Float

from ...lif import LIFParams
from .base import State
from .base import at_rest as rest  # noqa: F401  part of the model


def derivative(params: LIFParams, state: State) -> State:
    """See ``Neuron``."""
    return State((state.i - state.v) / params.tau_mem, -state.i / params.tau_syn)


def excess(params: LIFParams, state: State) -> Float[Array, " neurons"]:
    """See ``Neuron``."""
    return state.v - params.threshold


def after_spike(params: LIFParams, state: State) -> State:
    """See ``Neuron``."""
    return state._replace(v=params.reset + 0 * state.v)
