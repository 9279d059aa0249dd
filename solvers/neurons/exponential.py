"""Exponential integrate-and-fire: ``tau_mem dv/dt = -v + sharpness exp((v - onset) / sharpness) + i``.

Source: Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel 2003, J. Neurosci. 23:11628.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import RESET, TAU_MEM, TAU_SYN, THRESHOLD, Constant, Neuron, State

_BEYOND = 5.0  # [sharpness]; so far above the threshold the upstroke is linear, lest a trial step overflow


class ExponentialParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry for each neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        onset: voltage at which the upstroke of a spike begins.
        sharpness: of the upstroke [voltage], > 0.
        threshold: voltage at which a spike is emitted, > onset.
        reset: voltage after a spike.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    onset: Float[Array, "*neurons"]
    sharpness: Float[Array, "*neurons"]
    threshold: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]


class Exponential(Neuron):
    """See the module; the defaults of ``onset`` and ``sharpness`` are a choice of ours."""

    params = ExponentialParams
    constants = {
        "tau_mem": TAU_MEM,
        "tau_syn": TAU_SYN,
        "onset": Constant("onset of the upstroke", "", 0.7),
        "sharpness": Constant("sharpness of the upstroke", "", 0.1, positive=True),
        "threshold": THRESHOLD,
        "reset": RESET,
    }

    def derivative(self, params: ExponentialParams, state: State) -> State:
        """See ``Neuron``."""
        v = jnp.minimum(state.v, params.threshold + _BEYOND * params.sharpness)
        upstroke = params.sharpness * jnp.exp((v - params.onset) / params.sharpness)
        return State((state.i - state.v + upstroke) / params.tau_mem, -state.i / params.tau_syn)

    def after_spike(self, params: ExponentialParams, state: State) -> State:
        """See ``Neuron``; how far a step of a grid overshoots the threshold does not matter."""
        return state._replace(v=jnp.broadcast_to(params.reset, state.v.shape))
