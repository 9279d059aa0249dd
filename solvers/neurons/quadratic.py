"""Quadratic integrate-and-fire: ``tau_mem dv/dt = -v (1 - v / critical) + i``, a spike at the threshold.

Above ``critical`` the voltage runs away by itself: the spike is an event of the dynamics, not a line that is touched.

Source: Ermentrout & Kopell 1986, SIAM J. Appl. Math. 46:233; Latham et al. 2000, J. Neurophysiol. 83:808.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import RESET, TAU_MEM, TAU_SYN, THRESHOLD, Constant, Neuron, State

_BEYOND = 2.0  # [threshold]; above this the upstroke is linear, lest a trial step or a step of a grid overflow


class QuadraticParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry for each neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant at rest [s].
        tau_syn: synaptic time constant [s].
        critical: voltage above which a neuron without input escapes to its spike, > 0.
        threshold: voltage at which a spike is emitted, > critical.
        reset: voltage after a spike.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    critical: Float[Array, "*neurons"]
    threshold: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]


class Quadratic(Neuron):
    """See the module; the default of ``critical``, halfway to the threshold, is a choice of ours."""

    params = QuadraticParams
    constants = {
        "tau_mem": TAU_MEM,
        "tau_syn": TAU_SYN,
        "critical": Constant("critical voltage", "", 0.5, positive=True),
        "threshold": THRESHOLD,
        "reset": RESET,
    }

    def derivative(self, params: QuadraticParams, state: State) -> State:
        """See ``Neuron``."""
        v = jnp.minimum(state.v, _BEYOND * params.threshold)
        return State((state.i - v * (1 - v / params.critical)) / params.tau_mem, -state.i / params.tau_syn)

    def after_spike(self, params: QuadraticParams, state: State) -> State:
        """See ``Neuron``; how far a step of a grid overshoots the threshold does not matter."""
        return state._replace(v=jnp.broadcast_to(params.reset, state.v.shape))
