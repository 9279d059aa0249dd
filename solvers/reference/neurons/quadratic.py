"""Quadratic integrate-and-fire: ``tau_mem dv/dt = -v (1 - v / critical) + i``, a spike at ``peak``.

Above ``critical`` the voltage runs away by itself: the spike is an event of the dynamics, not a line that is touched.

Source: Ermentrout & Kopell 1986, SIAM J. Appl. Math. 46:233; Latham et al. 2000, J. Neurophysiol. 83:808.
"""

from typing import NamedTuple

from jaxtyping import Array, Float

from .base import State
from .base import at_rest as rest  # noqa: F401  part of the model


class QuadraticParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry per neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant at rest [s].
        tau_syn: synaptic time constant [s].
        critical: voltage above which a neuron without input escapes to its spike.
        peak: voltage at which a spike is emitted, > critical.
        reset: voltage after a spike.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    critical: Float[Array, "*neurons"]
    peak: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]


def derivative(params: QuadraticParams, state: State) -> State:
    """See ``Neuron``."""
    v_dot = (state.i - state.v * (1 - state.v / params.critical)) / params.tau_mem
    return State(v_dot, -state.i / params.tau_syn)


def excess(params: QuadraticParams, state: State) -> Float[Array, " neurons"]:
    """See ``Neuron``."""
    return state.v - params.peak


def after_spike(params: QuadraticParams, state: State) -> State:
    """See ``Neuron``."""
    return state._replace(v=params.reset + 0 * state.v)
