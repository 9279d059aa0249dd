"""Layers with delays of input channels and of neurons on a time grid, all steps at once.

A delay is no whole number of steps: what it delays arrives in two parts at the steps before and after, by linear
interpolation. That is an approximation of the model in continuous time, of which the derivative with respect to the
delay is the difference between both steps. A delay of a whole number of steps is exact.

Layers whose recurrent connections have none beside the layer's are run by ``layer`` or ``any_neuron``.

The reverse pass keeps the voltages of all steps, as that of ``layer`` does.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from ..delays import AXON, CHANNEL, INPUT_SYNAPSE, RECURRENT_SYNAPSE, delays_of, kinds
from ..events import Events, to_grid
from ..neurons import Parameters
from ..neurons.lif import LIFParams
from ..own_rules import own_rules
from . import any_neuron, layer
from .grid import Grid
from .layer import GridConstants, fire, grid_constants, of_constants
from .rule import Rule

_WHY = {
    RECURRENT_SYNAPSE: "each step would look up a past of its own for every pair of neurons",
    INPUT_SYNAPSE: "every input spike would be spread over as many steps as there are neurons",
}


def require_delays(params: Parameters) -> None:
    """Refuse a layer with delays that are not simulated on a grid.

    Raises:
        ValueError: says why, and what to do.
    """
    for kind in kinds(params):
        if kind not in (CHANNEL, AXON):
            raise ValueError(f"a time grid has no delays of each {kind}, for {_WHY[kind]}: use eventprop")
        if kind == AXON and not isinstance(params, LIFParams):
            raise ValueError(f"a time grid has delays of each neuron for LIF neurons only, got {type(params).__name__}")


def run_trial(
    layers: Sequence[Parameters], events: Events, grid: Grid, rule: Rule
) -> list[Float[Array, "steps batch _"]]:
    """Spikes of all layers at all grid points, 0 or 1.

    Args:
        layers: parameters of each, from the input on.
        events: input of a batch.
        grid: its points.
        rule: how the layers are run.
    """
    counts = to_grid(events, layers[0].w_in.shape[0], grid.steps, grid.dt)
    spikes, fired = jnp.moveaxis(counts, 1, 0).astype(layers[0].w_in.dtype), []
    for params in layers:
        spikes = run_layer(params, spikes, grid, rule)
        fired.append(spikes)
    return fired


def run_layer(
    params: Parameters, spikes: Float[Array, "steps batch pre"], grid: Grid, rule: Rule
) -> Float[Array, "steps batch neurons"]:
    """Spikes of one layer at all grid points, 0 or 1; differentiable with respect to those that it is given.

    Args:
        params: of the layer.
        spikes: of its inputs.
        grid: its points.
        rule: how the layer is run.
    """
    inputs, recurrent = delays_of(params)
    if inputs is not None:
        spikes = shifted(spikes, inputs / grid.dt)
    arrivals = jnp.tensordot(spikes, params.w_in, 1)
    if isinstance(params, LIFParams) and params.w_rec is not None and recurrent is not None:
        return _run(rule, grid_constants(params, grid.dt), params.w_rec, rule.delay + recurrent / grid.dt, arrivals)
    alone = rule if params.w_rec is not None else rule._replace(delay=0)
    module: Any = layer if isinstance(params, LIFParams) else any_neuron
    segment = module.on_grid(params, alone, grid.dt)
    beyond = -len(arrivals) % max(alone.delay, 1)  # a segment is a whole number of delays long
    arrivals = jnp.pad(arrivals, ((0, beyond), (0, 0), (0, 0)))
    _, fired = segment.run(segment.rest(arrivals.shape[1]), arrivals, None)
    return fired[: len(spikes)]


def _at(
    values: Float[Array, "steps batch units"], step: Int[Array, "moments units"]
) -> Float[Array, "moments batch units"]:
    """Values at a step of each unit; 0 beyond both ends."""
    inside = ((step >= 0) & (step < len(values)))[:, None]
    return jnp.where(inside, jnp.take_along_axis(values, jnp.where(inside, step[:, None], 0), 0), 0)


def _split(lags: Float[Array, " units"]) -> tuple[Int[Array, " units"], Float[Array, " units"]]:
    """Whole steps, and the rest."""
    whole = jnp.floor(lax.stop_gradient(lags))
    return whole.astype(jnp.int32), lags - whole


def shifted(
    spikes: Float[Array, "steps batch units"], lags: Float[Array, " units"]
) -> Float[Array, "steps batch units"]:
    """Spikes later by so many steps of each unit, interpolated; differentiable with respect to both."""
    whole, part = _split(lags)
    step = jnp.arange(len(spikes))[:, None] - whole
    return (1 - part) * _at(spikes, step) + part * _at(spikes, step - 1)


def _interpolated(values: Array, first: Array, second: Array, part: Array) -> Float[Array, "batch units"]:
    """Between the values at two steps of each unit."""
    return ((1 - part) * _at(values, first[None]) + part * _at(values, second[None]))[0]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(rule: Rule, constants: GridConstants, w_rec: Array, lags: Array, arrivals: Array) -> Array:
    """Spikes of a recurrent layer whose neurons are heard of after so many steps each."""
    return _forward(rule, constants, w_rec, lags, arrivals)[0]


_Residuals = tuple[GridConstants, Array, Array, Array]


@own_rules()
def _forward(
    rule: Rule, constants: GridConstants, w_rec: Array, lags: Array, arrivals: Array
) -> tuple[Array, _Residuals]:
    c, (whole, part) = constants, _split(lags)

    def step(state: tuple[Array, Array, Array], inputs: tuple[Array, Array]) -> tuple[Any, Array]:
        (v, i, sent), (now, arriving) = state, inputs
        v = c.decay_mem * v + c.gain * i
        spikes, v_after = fire(rule, v, c.threshold, c.reset)
        sent = sent.at[now].set(spikes)
        heard = _interpolated(sent, now - whole, now - whole - 1, part)
        return (v_after, c.decay_syn * i + arriving + heard @ w_rec, sent), v

    rest = jnp.zeros_like(arrivals[0])
    _, voltages = lax.scan(step, (rest, rest, jnp.zeros_like(arrivals)), (jnp.arange(len(arrivals)), arrivals))
    return fire(rule, voltages, c.threshold, c.reset)[0], (constants, w_rec, lags, voltages)


@own_rules()
def _backward(rule: Rule, residuals: _Residuals, from_outside: Array) -> tuple[GridConstants, Array, Array, Array]:
    c, w_rec, lags, voltages = residuals
    whole, part = _split(lags)

    def step(state: Any, inputs: tuple[Array, Array, Array]) -> tuple[Any, tuple[Array, Array]]:
        lambda_v_after, lambda_i, d_threshold, d_reset, felt = state
        now, v, lambda_s = inputs
        felt = felt.at[now].set(lambda_i @ w_rec.T)
        lambda_s = lambda_s + _interpolated(felt, now + whole, now + whole + 1, part)
        _, pull_back = jax.vjp(partial(fire, rule), v, c.threshold, c.reset)
        lambda_v, of_threshold, of_reset = pull_back((lambda_s, lambda_v_after))
        before = c.decay_mem * lambda_v, c.gain * lambda_v + c.decay_syn * lambda_i
        return (*before, d_threshold + of_threshold, d_reset + of_reset, felt), (lambda_v, lambda_i)

    rest = jnp.zeros_like(voltages[0])
    start = rest, rest, jnp.zeros_like(c.threshold), jnp.zeros_like(c.reset), jnp.zeros_like(voltages)
    moments = jnp.arange(len(voltages)), voltages, from_outside
    (_, _, d_threshold, d_reset, felt), (lambda_v, lambda_i) = lax.scan(step, start, moments, reverse=True)

    spikes, d_constants = of_constants(rule, c, rest, voltages, lambda_v, lambda_i, d_threshold, d_reset)
    sent, pull_back = jax.vjp(partial(shifted, spikes), lags)
    d_w_rec = lax.collapse(sent, 0, 2).T @ lax.collapse(lambda_i, 0, 2)
    return d_constants, d_w_rec, pull_back(felt)[0], lambda_i


_run.defvjp(_forward, _backward)
