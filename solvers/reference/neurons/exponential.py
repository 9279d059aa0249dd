"""Exponential integrate-and-fire: ``tau_mem dv/dt = -v + sharpness exp((v - onset) / sharpness) + i``.

Source: Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel 2003, J. Neurosci. 23:11628.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import State
from .base import at_rest as rest  # noqa: F401  part of the model

_BEYOND = 5.0  # [sharpness]; above the peak by so much the upstroke is linear, lest a trial step overflow


class ExponentialParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry per neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        onset: voltage at which the upstroke of a spike begins.
        sharpness: of the upstroke [voltage], > 0.
        peak: voltage at which a spike is emitted, > onset.
        reset: voltage after a spike.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    onset: Float[Array, "*neurons"]
    sharpness: Float[Array, "*neurons"]
    peak: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]


def derivative(params: ExponentialParams, state: State) -> State:
    """See ``Neuron``."""
    v = jnp.minimum(state.v, params.peak + _BEYOND * params.sharpness)
    upstroke = params.sharpness * jnp.exp((v - params.onset) / params.sharpness)
    return State((state.i - state.v + upstroke) / params.tau_mem, -state.i / params.tau_syn)


def excess(params: ExponentialParams, state: State) -> Float[Array, " neurons"]:
    """See ``Neuron``."""
    return state.v - params.peak


def after_spike(params: ExponentialParams, state: State) -> State:
    """See ``Neuron``."""
    return state._replace(v=params.reset + 0 * state.v)
