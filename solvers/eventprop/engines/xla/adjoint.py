"""The adjoint of a batch between events, and across a spike; the terms are explained in ``backward``."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ....neurons.lif import flow
from ....neurons.refractory import LIFLike


class Adjoint(NamedTuple):
    """Derivatives of the loss with respect to voltages and currents."""

    p: Float[Array, "batch post"]
    q: Float[Array, "batch post"]


class Slopes(NamedTuple):
    """Derivatives of an ``Adjoint`` with respect to the time constants; ``p`` does not depend on tau_syn."""

    p_mem: Float[Array, "batch post"]
    q_mem: Float[Array, "batch post"]
    q_syn: Float[Array, "batch post"]


def back(
    adjoint: Adjoint, slopes: Slopes | None, lag: Float[Array, "batch 1"], params: LIFLike
) -> tuple[Adjoint, Slopes | None]:
    """The adjoint a lag earlier: the flow of ``lif.flow``, transposed."""

    def earlier(p: Array, q: Array, tau_mem: Array, tau_syn: Array) -> tuple[Array, Array]:
        decay_mem = jnp.exp(-lag / tau_mem)
        k, decay_syn = flow(0, jnp.ones_like(lag), lag, tau_mem, tau_syn)
        return p * decay_mem, q * decay_syn + p * k

    at = *adjoint, params.tau_mem, params.tau_syn
    if slopes is None:
        return Adjoint(*earlier(*at)), None
    zero, one = jnp.zeros_like, jnp.ones_like
    values, (p_mem, q_mem) = jax.jvp(earlier, at, (slopes.p_mem, slopes.q_mem, one(at[2]), zero(at[3])))
    _, (_, q_syn) = jax.jvp(earlier, at, (zero(adjoint.p), slopes.q_syn, zero(at[2]), one(at[3])))
    return Adjoint(*values), Slopes(p_mem, q_mem, q_syn)


def across_spike(
    adjoint: Adjoint, here: Bool[Array, "batch post"], current: Float[Array, "batch 1"],
    at_time: Float[Array, "batch 1"], params: LIFLike, reset_gradient: bool,
) -> Float[Array, "batch post"]:  # fmt: skip
    """``p`` just before a spike; zero but for the neuron that spikes.

    With dv/dt before it (current - threshold)/tau_mem and after it (current - reset)/tau_mem, and X the derivative of
    the loss with respect to its time: p_before = ((current - reset) p_after - tau_mem X) / (current - threshold).
    Without a gradient through the reset, which then falls at a fixed time: p_after - tau_mem X / (current - threshold).
    """
    least = params.threshold * jnp.finfo(current.dtype).eps  # positive but for rounding
    rises_by = jnp.maximum(current - params.threshold, least)
    if not reset_gradient:
        return jnp.where(here, adjoint.p - params.tau_mem * at_time / rises_by, 0)
    return jnp.where(here, ((current - params.reset) * adjoint.p - params.tau_mem * at_time) / rises_by, 0)
