"""Adaptive leaky integrate-and-fire: a slow current that follows the voltage, and grows with every spike.

    tau_mem dv/dt = -v - a + i          tau_adapt da/dt = -a + coupling v          at a spike: v -> reset, a += jump

Source: Brette & Gerstner 2005, J. Neurophysiol. 94:3637 (without its exponential term); Gerstner et al. 2014, Neuronal
Dynamics, ch. 6.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from . import base


class AdaptiveParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry per neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        tau_adapt: time constant of the adaptation [s].
        coupling: of the adaptation to the voltage.
        jump: of the adaptation at a spike [voltage].
        threshold: [voltage].
        reset: [voltage].
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

    v: Float[Array, " neurons"]
    i: Float[Array, " neurons"]
    a: Float[Array, " neurons"]


def rest(params: AdaptiveParams) -> AdaptiveState:
    """See ``Neuron``."""
    v, i = base.at_rest(params)
    return AdaptiveState(v, i, jnp.zeros_like(v))


def derivative(params: AdaptiveParams, state: AdaptiveState) -> AdaptiveState:
    """See ``Neuron``."""
    return AdaptiveState(
        (state.i - state.v - state.a) / params.tau_mem,
        -state.i / params.tau_syn,
        (params.coupling * state.v - state.a) / params.tau_adapt,
    )


def excess(params: AdaptiveParams, state: AdaptiveState) -> Float[Array, " neurons"]:
    """See ``Neuron``."""
    return state.v - params.threshold


def after_spike(params: AdaptiveParams, state: AdaptiveState) -> AdaptiveState:
    """See ``Neuron``."""
    return state._replace(v=params.reset + 0 * state.v, a=state.a + params.jump)
