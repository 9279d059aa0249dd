"""BPTT in its textbook form, its reverse pass left to automatic differentiation."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..neurons.lif import LIFParams, kappa
from ..surrogates import Surrogate, spike

_State = tuple[Array, Array, Array]
Product = Callable[[Array, Array], Array]


def bptt_scan(
    layers: Sequence[LIFParams],
    grid: Float[Array | np.ndarray, "steps batch inputs"],
    *,
    dt: float,
    delay: int,
    surrogate: Surrogate,
    reset_gradient: bool = True,
) -> list[Float[Array, "steps batch _"]]:
    """BPTT in its textbook form: one ``lax.scan`` over the steps for each layer, differentiated by JAX.

    Reverse mode keeps what it needs of every state of every step. Oracle for the reverse pass that ``solvers.bptt``
    writes out, and the plain line in comparisons of memory and speed.

    Args:
        layers: parameters of each layer, from the input on.
        grid: input spike counts at each grid point (``events.to_grid`` with time as the first axis).
        dt: step [s].
        delay: of recurrent transmission, in steps; with 0 spikes arrive in their own step.
        surrogate: the stand-in for the derivative of a spike.
        reset_gradient: whether the reset passes a gradient to the spikes, or is held fixed.

    Returns:
        Spikes of each layer (0 or 1).

    Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
    """
    arriving, result = grid, []
    for p in layers:
        start, step = scan_step(
            p, grid.shape[1], dt=dt, delay=delay, surrogate=surrogate, reset_gradient=reset_gradient
        )
        arriving = jax.lax.scan(step, start, arriving @ p.w_in)[1]  # type: ignore[arg-type]
        result.append(arriving)
    return result


def scan_step(
    p: LIFParams, batch: int, *, dt: float, delay: int, surrogate: Surrogate, reset_gradient: bool,
    product: Product = jnp.matmul,
) -> tuple[Any, Callable[[Any, Array], tuple[Any, Array]]]:  # fmt: skip
    """State of a layer at rest, and its step, for a ``lax.scan``; arguments as of ``bptt_scan``.

    The step takes the state and what the inputs bring, ``[batch, neurons]``, and returns the state and the spikes;
    ``product`` multiplies these with the recurrent weights.
    """
    decay_mem, decay_syn = jnp.exp(-dt / p.tau_mem), jnp.exp(-dt / p.tau_syn)
    gain = kappa(dt, p.tau_mem, p.tau_syn)

    def step(state: _State, x: Array) -> tuple[_State, Array]:
        v, i, sent = state
        v = decay_mem * v + gain * i
        fired = spike((v - p.threshold) / p.threshold, surrogate)
        sent = jnp.concatenate([sent, fired[None]])
        v = v - (p.threshold - p.reset) * (fired if reset_gradient else jax.lax.stop_gradient(fired))
        i = decay_syn * i + x + (0 if p.w_rec is None else product(sent[0], p.w_rec))
        return (v, i, sent[1:]), fired

    zeros = jnp.zeros((batch, p.neurons), p.w_in.dtype)
    return (zeros, zeros, jnp.zeros((delay, *zeros.shape), zeros.dtype)), step
