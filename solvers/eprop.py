"""E-prop: gradients of LIF layers on a time grid from eligibility traces, which are computed forward in time.

An eligibility trace says how a parameter would have changed a spike through the neuron itself: for a weight it is the
presynaptic spikes, filtered as the neuron filters them, times the surrogate derivative. A learning signal says how a
spike changes the loss; the gradient is the sum of their products over time. What spikes do to other neurons and through
the reset is left out. Nothing is stored from step to step but traces.

With the notation of ``solvers.bptt.layer`` and signals ``l_n`` = dL/ds_n, for the weight from i to j

    e_n = decay_mem e_{n-1} + gain z_{n-1}     z_n = decay_syn z_{n-1} + x_n     dL/dw += l_n psi_n/threshold e_n

where ``x_n`` are the spikes of i that arrive and psi the surrogate derivative of j. Without the reset a trace depends
on j through the time constants alone; where these are shared by the layer there is one for each presynaptic neuron.

Source: Bellec et al. 2020, Nat. Commun. 11:3625 (eq. 1: learning signals times eligibility traces).
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from .bptt.grid import Grid, bin_events, segment_input, time_grid
from .bptt.layer import GridConstants, State, forward_segment, grid_constants, rest
from .bptt.rule import Rule
from .checks import varying_alike
from .events import Events
from .neurons.lif import LIFParams
from .own_rules import own_rules
from .surrogates import Surrogate

_STEPS = 32  # of a segment, in whole delays: memory does not grow with the duration

#: What spikes ``[steps, batch, neurons]`` at times ``[steps]`` [s] add to the answer ``[batch, outputs]``; linear in
#: the spikes.
Answer = Callable[[Any, Array, Array], Array]


class _ShortSegments(Grid):
    @property
    def segment(self) -> int:
        """Steps in a segment."""
        block = max(self.delay, 1)
        return math.ceil(_STEPS / block) * block


class _Traces(NamedTuple):
    """Of one layer.

    Attributes:
        state: of the layer.
        e: filtered presynaptic spikes in the voltage, those of the layer itself last.
        z: the same in the current.
        constants: derivatives of voltage and current with respect to each of the ``GridConstants``.
    """

    state: State
    e: Float[Array, "batch pre"]
    z: Float[Array, "batch pre"]
    constants: Float[Array, "constants state=2 batch neurons"]


def require_shared(params: LIFParams) -> None:
    """Refuse time constants of each neuron, with which every synapse would have traces of its own.

    Raises:
        ValueError: says what to do.
    """
    if params.tau_mem.ndim or params.tau_syn.ndim:
        raise ValueError("e-prop is for time constants that a layer shares: set constants to shared")


@own_rules()
def gradient(
    layers: Sequence[LIFParams],
    events: Events,
    answer: Answer,
    readout: Any,
    signals: Sequence[Any],
    at_answer: Float[Array, "batch outputs"],
    at_counts: Sequence[Float[Array, "batch _"]],
    *,
    duration: float,
    dt: float,
    delay: float,
    surrogate: Surrogate,
) -> tuple[tuple[LIFParams, ...], Any]:
    """E-prop's gradient of the parameters of layers and the gradient of those of a readout.

    The loss is a function of ``sum_n answer(readout, spikes of the last layer at n, t_n)`` and of the spike counts.

    Args:
        layers: from the input on, with time constants that each layer shares.
        events: input spikes of a batch.
        answer: how the readout reads the spikes.
        readout: its parameters.
        signals: for each layer what stands in for the readout's parameters in its learning signal; for symmetric
            feedback to the last layer these are the readout's.
        at_answer: derivative of the loss with respect to the answer.
        at_counts: the same for the spike counts, by layer.
        duration: as for ``solvers.bptt.simulate``.
        dt: likewise.
        delay: likewise.
        surrogate: likewise.

    Raises:
        ValueError: for time constants of each neuron.
    """
    for params in layers:
        require_shared(params)
    grid = _ShortSegments(*time_grid(duration, dt, delay))
    batch, dtype = len(events.times), layers[0].w_in.dtype
    rules = [Rule(grid.delay if p.w_rec is not None else 0, surrogate, reset_gradient=False) for p in layers]
    constants, from_constants = zip(*(jax.vjp(partial(grid_constants, dt=dt), p) for p in layers), strict=True)
    binned = bin_events(events, grid)

    def segment(carry: Any, window_and_first: tuple[Array, Array]) -> tuple[Any, None]:
        traces, gradients, d_readout = carry
        window, first = window_and_first
        points = first + jnp.arange(grid.segment)
        live = (points < grid.steps).astype(dtype)[:, None, None]
        times = grid.clock(points, dtype)[0]
        spikes = segment_input(binned, window, first, (grid.segment, batch, layers[0].inputs), dtype)
        of_layers = zip(layers, rules, constants, traces, gradients, signals, at_counts, strict=True)
        moved, sums = [], []
        for params, rule, c, trace, total, signal, at_count in of_layers:
            state = trace.state
            arriving = jnp.tensordot(spikes, params.w_in, 1)
            v, i, fired, voltages = forward_segment(rule, c, params.w_rec, state, arriving)
            sent = jnp.concatenate([state.recent, fired])
            presynaptic = spikes
            if params.w_rec is not None:
                heard = sent[: grid.segment]
                presynaptic = jnp.concatenate([spikes, heard], -1)
                arriving = arriving + jnp.tensordot(heard, params.w_rec, 1)

            _, back = jax.vjp(lambda s, signal=signal: answer(signal, live * s, times), fired)
            at_spikes = back(at_answer)[0] + live * at_count
            at_distance = at_spikes * surrogate.derivative((voltages - c.threshold) / c.threshold)
            e, z, filtered = _filter(c, trace.e, trace.z, presynaptic)
            by_weights = jnp.einsum("tbi,tbj->ij", filtered, at_distance / c.threshold)
            by_constants, of_constants = _through_constants(c, trace, fired, arriving, at_distance)
            moved.append(_Traces(State(v, i, sent[grid.segment :]), e, z, by_constants))
            sums.append((total[0] + by_weights, jax.tree.map(jnp.add, total[1], of_constants)))
            spikes = fired
        _, back = jax.vjp(lambda readout: answer(readout, live * spikes, times), readout)
        return (moved, sums, jax.tree.map(jnp.add, d_readout, back(at_answer)[0])), None

    def at_rest(params: LIFParams, rule: Rule, c: GridConstants) -> tuple[_Traces, Any]:
        inputs = params.inputs + (0 if params.w_rec is None else params.neurons)
        zeros = jnp.zeros((batch, inputs), dtype)
        by_constants = jnp.zeros((len(c), 2, batch, params.neurons), dtype)
        trace = _Traces(rest(params, rule, batch), zeros, zeros, by_constants)
        return trace, (jnp.zeros((inputs, params.neurons), dtype), jax.tree.map(jnp.zeros_like, c))

    traces, zeros = zip(*map(at_rest, layers, rules, constants), strict=True)
    start = varying_alike((list(traces), list(zeros), jax.tree.map(jnp.zeros_like, readout)), layers, events, at_answer)
    (_, sums, d_readout), _ = lax.scan(segment, start, (binned.windows, binned.firsts))
    gradients = []
    for params, pull_back, (by_weights, of_constants) in zip(layers, from_constants, sums, strict=True):
        w_in, w_rec = by_weights[: params.inputs], by_weights[params.inputs :]
        gradients.append(pull_back(of_constants)[0]._replace(w_in=w_in, w_rec=None if params.w_rec is None else w_rec))
    return tuple(gradients), d_readout


def _filter(c: GridConstants, e: Array, z: Array, presynaptic: Array) -> tuple[Array, Array, Array]:
    """Traces after a segment, and that in the voltage at each of its steps."""
    decay_mem, decay_syn, gain = c.decay_mem[0], c.decay_syn[0], c.gain[0]  # shared by the layer

    def step(state: tuple[Array, Array], spikes: Array) -> tuple[tuple[Array, Array], Array]:
        e, z = state
        e = decay_mem * e + gain * z
        return (e, decay_syn * z + spikes), e

    (e, z), filtered = lax.scan(step, (e, z), presynaptic)
    return e, z, filtered


def _through_constants(
    c: GridConstants, trace: _Traces, fired: Array, arriving: Array, at_distance: Array
) -> tuple[Array, GridConstants]:
    """The traces of the constants after a segment, and what the segment adds to their gradient."""
    each = jax.tree.map(jnp.ones_like, c)
    only = [jax.tree.map(jnp.zeros_like, c)._replace(**{name: getattr(each, name)}) for name in c._fields]
    towards: GridConstants = jax.tree.map(lambda *x: jnp.stack(x), *only)

    def step(state: tuple[Array, Array, Array, Array], inputs: tuple[Array, Array, Array]) -> tuple[Any, None]:
        v, i, by_constants, total = state
        spikes, arrivals, at_distance = inputs

        def move(c: GridConstants, v: Array, i: Array) -> tuple[Array, Array, Array]:
            v = c.decay_mem * v + c.gain * i
            after = v - (c.threshold - c.reset) * spikes
            return after, c.decay_syn * i + arrivals, (v - c.threshold) / c.threshold

        def along(c_dot: GridConstants, dots: Array) -> tuple[Array, Array]:
            _, (v_dot, i_dot, distance_dot) = jax.jvp(move, (c, v, i), (c_dot, dots[0], dots[1]))
            return jnp.stack([v_dot, i_dot]), jnp.sum(at_distance * distance_dot, 0)

        by_constants, added = jax.vmap(along)(towards, by_constants)
        v, i, _ = move(c, v, i)
        return (v, i, by_constants, total + added), None

    start = trace.state.v, trace.state.i, trace.constants, jnp.zeros((len(c), *c.threshold.shape), fired.dtype)
    (_, _, by_constants, total), _ = lax.scan(step, varying_alike(start, fired), (fired, arriving, at_distance))
    return by_constants, GridConstants(*total)
