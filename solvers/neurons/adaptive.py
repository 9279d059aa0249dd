"""Adaptive leaky integrate-and-fire: a slow current that follows the voltage, and grows with every spike.

    tau_mem dv/dt = -v - a + i          tau_adapt da/dt = -a + coupling v          at a spike: v -> reset, a += jump

Source: Brette & Gerstner 2005, J. Neurophysiol. 94:3637 (without its exponential term); Gerstner et al. 2014, Neuronal
Dynamics, ch. 6.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import RESET, TAU_MEM, TAU_SYN, THRESHOLD, Constant, Neuron


class AdaptiveParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry for each neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        tau_adapt: time constant of the adaptation [s].
        coupling: of the adaptation to the voltage.
        jump: of the adaptation at a spike [voltage].
        threshold: voltage at which a spike is emitted.
        reset: voltage after a spike.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    tau_adapt: Float[Array, "*neurons"]
    coupling: Float[Array, "*neurons"]
    jump: Float[Array, "*neurons"]
    threshold: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]


class AdaptiveState(NamedTuple):
    """Voltage, synaptic current and adaptation current, all in units of voltage."""

    v: Float[Array, "*batch neurons"]
    i: Float[Array, "*batch neurons"]
    a: Float[Array, "*batch neurons"]


class Adaptive(Neuron):
    """See the module; the defaults of ``tau_adapt``, ``coupling`` and ``jump`` are a choice of ours."""

    params = AdaptiveParams
    constants = {
        "tau_mem": TAU_MEM,
        "tau_syn": TAU_SYN,
        "tau_adapt": Constant("time constant of adaptation", "s", 0.1, positive=True, reach=5.0, drawn=True),
        "coupling": Constant("coupling of adaptation to the voltage", "", 0.0),
        "jump": Constant("jump of adaptation at a spike", "", 0.1),
        "threshold": THRESHOLD._replace(reach=2.0),
        "reset": RESET,
    }

    def rest(self, params: AdaptiveParams, *batch: int) -> AdaptiveState:
        """No voltage, no currents."""
        v, i = super().rest(params, *batch)
        return AdaptiveState(v, i, jnp.zeros_like(v))

    def derivative(self, params: AdaptiveParams, state: AdaptiveState) -> AdaptiveState:
        """See ``Neuron``."""
        return AdaptiveState(
            (state.i - state.v - state.a) / params.tau_mem,
            -state.i / params.tau_syn,
            (params.coupling * state.v - state.a) / params.tau_adapt,
        )

    def after_spike(self, params: AdaptiveParams, state: AdaptiveState) -> AdaptiveState:
        """See ``Neuron``; on a time grid the voltage keeps what it has above the threshold."""
        return state._replace(v=state.v - (params.threshold - params.reset), a=state.a + params.jump)
