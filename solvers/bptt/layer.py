"""One LIF layer on a time grid through one segment of time, with its reverse pass written out.

With free voltage ``v``, voltage after the reset ``v'``, current ``i``, spikes ``s`` and arrivals ``x`` from outside,

    v_n = decay_mem v'_{n-1} + gain i_{n-1}      s_n = [v_n >= threshold]      v'_n = v_n - (threshold - reset) s_n
    i_n = decay_syn i_{n-1} + x_n + s_{n-delay} @ w_rec

Left to ``lax.scan``, differentiation would store several arrays of all steps and add up the gradient of ``w_rec`` step
by step. Written out, the reverse pass keeps the free voltages alone, from which spikes and currents follow, and forms
the gradient of ``w_rec`` in one matrix product. Its adjoint variables ``lambda_x`` are dL/dx for each state x.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Float

from ..neurons.lif import LIFParams, kappa
from ..own_rules import own_rules
from ..surrogates import spike
from .rule import KEPT, Rule, Segment


class GridConstants(NamedTuple):
    """Constants of a layer on the grid, one entry per neuron.

    Attributes:
        decay_mem: of the voltage over a step.
        decay_syn: of the current over a step.
        gain: voltage after a step per unit of current before it.
        threshold: [voltage].
        reset: [voltage].
    """

    decay_mem: Float[Array, " neurons"]
    decay_syn: Float[Array, " neurons"]
    gain: Float[Array, " neurons"]
    threshold: Float[Array, " neurons"]
    reset: Float[Array, " neurons"]


class State(NamedTuple):
    """State of a layer between two steps.

    Attributes:
        v: voltage after the reset.
        i: synaptic current [voltage].
        recent: spikes of the last ``delay`` steps, which are still under way.
    """

    v: Float[Array, "batch neurons"]
    i: Float[Array, "batch neurons"]
    recent: Float[Array, "delay batch neurons"]


_Adjoint = tuple[Array, Array, Array, Array]  # of voltage and current after a step; of threshold and reset so far
_Residuals = tuple[GridConstants, Array | None, Array | None, State, Array | None, Array]


def on_grid(params: LIFParams, rule: Rule, dt: float, back: Array | None = None) -> Segment:
    """A layer of LIF neurons that is ready to run in steps of ``dt`` [s].

    Args:
        params: of the layer.
        rule: static settings.
        dt: step [s].
        back: weights through which the reverse pass goes from the layer back to itself; ``w_rec`` by default.
    """
    constants = grid_constants(params, dt)
    back = params.w_rec if back is None else back

    def run(start: State, arrivals: Array, levels: Array | None = None) -> tuple[State, Array]:
        v, i, spikes = run_segment(rule, constants, params.w_rec, back, start, arrivals, levels)
        return State(v, i, spikes[len(spikes) - rule.delay :]), spikes

    return Segment(functools.partial(rest, params, rule), run)


def grid_constants(params: LIFParams, dt: float) -> GridConstants:
    """Exact decay over a step ``dt`` [s]; differentiable with respect to the time constants."""
    constants = (
        jnp.exp(-dt / params.tau_mem),
        jnp.exp(-dt / params.tau_syn),
        kappa(jnp.asarray(dt, params.w_in.dtype), params.tau_mem, params.tau_syn),
        params.threshold,
        params.reset,
    )
    return GridConstants(*(jnp.broadcast_to(constant, params.neurons) for constant in constants))


def rest(params: LIFParams, rule: Rule, batch: int) -> State:
    """The state before the first step: no voltage, no current, no spike under way."""
    zeros = functools.partial(jnp.zeros, dtype=params.w_in.dtype)
    shape = batch, params.neurons
    return State(zeros(shape), zeros(shape), zeros((rule.delay, *shape)))


def fire(rule: Rule, v: Array, threshold: Array, reset: Array, level: Array | None = None) -> tuple[Array, Array]:
    """Spikes and the voltage after the reset, from the free voltage: the one place with a surrogate derivative."""
    spikes = spike((v - threshold) / threshold, rule.surrogate, level)
    resetting = spikes if rule.reset_gradient else lax.stop_gradient(spikes)
    return spikes, v - (threshold - reset) * resetting


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def run_segment(
    rule: Rule,
    constants: GridConstants,
    w_rec: Float[Array, "neurons neurons"] | None,
    back: Float[Array, "neurons neurons"] | None,
    start: State,
    arrivals: Float[Array, "steps batch neurons"],
    levels: Float[Array, "steps batch neurons"] | None = None,
) -> tuple[Float[Array, "batch neurons"], Float[Array, "batch neurons"], Float[Array, "steps batch neurons"]]:
    """Run a layer through a segment, a whole number of delays long; differentiable in reverse mode.

    Args:
        rule: static settings.
        constants: of the layer on the grid.
        w_rec: recurrent weights ``[pre, post]`` [voltage], or None.
        back: those through which the reverse pass goes, which are ``w_rec`` but for feedback alignment.
        start: state before the segment.
        arrivals: what reaches the currents from outside the layer at each step [voltage].
        levels: at which the neurons spike, as distances from the threshold [threshold]; None for the thresholds.

    Returns:
        Voltage and current at the end, and the spikes (0 or 1).

    Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
    """
    return _forward(rule, constants, w_rec, back, start, arrivals, levels)[0]


def _in_blocks(steps: Array, start: State) -> tuple[int, ...]:
    return len(steps) // len(start.recent), *start.recent.shape


@own_rules()
def forward_segment(
    rule: Rule, constants: GridConstants, w_rec: Array | None, start: State, arrivals: Array,
    levels: Array | None = None,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Voltage and current at the end, the spikes, and the free voltages; arguments as of ``run_segment``."""
    c = constants

    def step(state: tuple[Array, Array], inputs: tuple[Array, Array | None]) -> tuple[tuple[Array, Array], Array]:
        (v, i), (arriving, level) = state, inputs
        v = c.decay_mem * v + c.gain * i
        spikes, v_after = fire(rule, v, c.threshold, c.reset, level)
        i = c.decay_syn * i + arriving
        if w_rec is not None and rule.delay == 0:
            i = i + spikes @ w_rec
        return (v_after, i), v

    # Spikes less than a delay apart cannot act on each other: one product with w_rec serves a block that long.
    def block(state: State, inputs: tuple[Array, Array | None]) -> tuple[State, Array]:
        assert w_rec is not None  # only recurrent layers have a delay
        arriving, levels = inputs
        (v, i), voltages = lax.scan(step, (state.v, state.i), (arriving + state.recent @ w_rec, levels))
        return State(v, i, fire(rule, voltages, c.threshold, c.reset, levels)[0]), voltages

    if rule.delay == 0:
        (v, i), voltages = lax.scan(step, (start.v, start.i), (arrivals, levels))
    else:
        in_blocks = _in_blocks(arrivals, start)
        blocks = jax.tree.map(lambda x: x.reshape(in_blocks), (arrivals, levels))
        end, voltages = lax.scan(block, start, blocks)
        v, i = end.v, end.i
        voltages = voltages.reshape(arrivals.shape)
    voltages = checkpoint_name(voltages, KEPT)
    spikes, _ = fire(rule, voltages, c.threshold, c.reset, levels)
    return v, i, spikes, voltages


def _forward(
    rule: Rule, constants: GridConstants, w_rec: Array | None, back: Array | None, start: State, arrivals: Array,
    levels: Array | None = None,
) -> tuple[tuple[Array, Array, Array], _Residuals]:  # fmt: skip
    v, i, spikes, voltages = forward_segment(rule, constants, w_rec, start, arrivals, levels)
    return (v, i, spikes), (constants, w_rec, back, start, levels, voltages)


@own_rules()
def _backward(
    rule: Rule, residuals: _Residuals, cotangents: tuple[Array, Array, Array]
) -> tuple[GridConstants, Array | None, None, State, Array, None]:
    c, w_rec, back, start, levels, voltages = residuals
    end_v, end_i, from_outside = cotangents

    def step(adjoint: _Adjoint, inputs: tuple[Array, Array, Array | None]) -> tuple[_Adjoint, tuple[Array, Array]]:
        lambda_v_after, lambda_i, d_threshold, d_reset = adjoint
        v, lambda_s, level = inputs
        if back is not None and rule.delay == 0:
            lambda_s = lambda_s + lambda_i @ back.T
        _, pull_back = jax.vjp(functools.partial(fire, rule, level=level), v, c.threshold, c.reset)
        lambda_v, of_threshold, of_reset = pull_back((lambda_s, lambda_v_after))
        before = c.decay_mem * lambda_v, c.gain * lambda_v + c.decay_syn * lambda_i
        return (*before, d_threshold + of_threshold, d_reset + of_reset), (lambda_v, lambda_i)

    def block(
        state: tuple[_Adjoint, Array], inputs: tuple[Array, Array, Array | None]
    ) -> tuple[tuple[_Adjoint, Array], tuple[Array, Array]]:
        adjoint, from_later_block = state
        v, lambda_s, level = inputs
        assert back is not None
        adjoint, (lambda_v, lambda_i) = lax.scan(step, adjoint, (v, lambda_s + from_later_block, level), reverse=True)
        return (adjoint, lambda_i @ back.T), (lambda_v, lambda_i)

    adjoint = end_v, end_i, jnp.zeros_like(c.threshold), jnp.zeros_like(c.reset)
    d_recent = jnp.zeros_like(start.recent)
    if rule.delay == 0:
        adjoint, (lambda_v, lambda_i) = lax.scan(step, adjoint, (voltages, from_outside, levels), reverse=True)
    else:
        in_blocks = _in_blocks(voltages, start)
        blocks = jax.tree.map(lambda x: x.reshape(in_blocks), (voltages, from_outside, levels))
        (adjoint, d_recent), lambdas = lax.scan(block, (adjoint, d_recent), blocks, reverse=True)
        lambda_v, lambda_i = (x.reshape(voltages.shape) for x in lambdas)
    d_v, d_i, d_threshold, d_reset = adjoint

    spikes, d_constants = of_constants(rule, c, start.v, voltages, lambda_v, lambda_i, d_threshold, d_reset, levels)
    d_w_rec = None
    if w_rec is not None:
        sent = jnp.concatenate([start.recent, spikes])[: len(spikes)]
        d_w_rec = lax.collapse(sent, 0, 2).T @ lax.collapse(lambda_i, 0, 2)
    return d_constants, d_w_rec, None, State(d_v, d_i, d_recent), lambda_i, None


def of_constants(
    rule: Rule, constants: GridConstants, v: Array, voltages: Array, lambda_v: Array, lambda_i: Array,
    d_threshold: Array, d_reset: Array, levels: Array | None = None,
) -> tuple[Array, GridConstants]:  # fmt: skip
    """The spikes again, and the gradient of the constants.

    Args:
        rule: static settings.
        constants: of the layer on the grid.
        v: voltage before the first step.
        voltages: the free ones of all steps.
        lambda_v: adjoint of the free voltages.
        lambda_i: of the currents after each step.
        d_threshold: gradient.
        d_reset: likewise.
        levels: as for ``run_segment``.
    """
    spikes, v_after = fire(rule, voltages, constants.threshold, constants.reset, levels)
    v_before = jnp.concatenate([v[None], v_after[:-1]])
    i_before = (voltages - constants.decay_mem * v_before) / constants.gain
    return spikes, GridConstants(
        decay_mem=jnp.sum(lambda_v * v_before, (0, 1)),
        decay_syn=jnp.sum(lambda_i * i_before, (0, 1)),
        gain=jnp.sum(lambda_v * i_before, (0, 1)),
        threshold=d_threshold,
        reset=d_reset,
    )


run_segment.defvjp(_forward, _backward)
