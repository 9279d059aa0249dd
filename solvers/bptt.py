"""Backpropagation through time (BPTT) with surrogate derivatives: LIF layers on a time grid, readouts fused in.

The grid points are ``t_n = n dt``, with exact decay in between (equations in ``grid_layer``). A voltage at or above the
threshold at a grid point is a spike there. Input spikes arrive at the grid point nearest to them, recurrent spikes a
delay after they were sent, and the spikes of one layer reach the next at the same grid point.

Time is cut into segments. Within a segment every weight matrix but the recurrent one is applied by a single matrix
product over all its steps, and every weight gradient is formed by one. The reverse pass runs a segment again from the
state at its start: either all of it (``checkpoint=True``), or with the voltages of all steps kept.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51 (surrogate gradients); Chen et al. 2016,
arXiv:1604.06174 (checkpointing in segments).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from .events import Events
from .grid_layer import KEPT, Rule, State, grid_constants, rest, run_segment
from .lif import LIFParams
from .surrogates import Surrogate

_WHOLE_WITHIN = 1e-6  # relative error within which a number of steps passes for whole: times in seconds are rounded
_NEVER = 2**30  # the step of an event that does not count
_CHUNK = 64  # events of a sample binned at once


@runtime_checkable
class Observer(Protocol):
    """What looks at the spikes of the last layer one step after the other, such as a readout."""

    def init(self, batch: int, neurons: int, dtype: Any) -> PyTree:
        """State before the first step: arrays of fixed shape and type."""

    def step(self, state: PyTree, spikes: Float[Array, "batch neurons"], time: Float[Array, ""]) -> PyTree:
        """State after the spikes (0 or 1) at ``time`` [s]."""


class Grid(NamedTuple):
    """The time grid: points ``n dt`` for ``n = 0 .. steps - 1``.

    Attributes:
        dt: step [s].
        steps: number of grid points.
        delay: recurrent transmission delay in steps.
    """

    dt: float
    steps: int
    delay: int

    @property
    def segment(self) -> int:
        """Steps in a segment: half the square root of all, about the optimum of time and memory, in whole delays."""
        block = max(self.delay, 1)
        return math.ceil(math.sqrt(self.steps) / 2 / block) * block


def time_grid(duration: float, dt: float, delay: float) -> Grid:
    """The grid from 0 to ``duration``, rounded up to a whole number of steps.

    Args:
        duration: [s], >= 0.
        dt: step [s], > 0.
        delay: recurrent transmission delay [s], a whole number of steps.

    Raises:
        ValueError: if one of them is out of range, or the delay is not a whole number of steps.
    """
    if not 0 < dt < math.inf:
        raise ValueError(f"dt is {dt:g} s, expected a positive finite step in seconds")
    for name, value in (("duration", duration), ("delay", delay)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value:g} s, expected a finite time in seconds that is not negative")
    delay_steps = round(delay / dt)
    if abs(delay / dt - delay_steps) > _WHOLE_WITHIN * max(delay_steps, 1):
        raise ValueError(
            f"delay is {delay:g} s, that is {delay / dt:g} steps of dt = {dt:g} s, expected a whole number of steps: "
            f"set delay to {delay_steps * dt:g} s or choose a dt that divides it"
        )
    return Grid(dt, math.ceil(duration / dt * (1 - _WHOLE_WITHIN)) + 1, delay_steps)


def _segment_input(
    step: Int[Array, "batch capacity"],
    units: Int[Array, "batch capacity"],
    window: Int[Array, "ends=2 batch"],
    first: Int[Array, ""],
    shape: tuple[int, int, int],
    dtype: Any,
) -> Float[Array, "steps batch units"]:
    """Input spike counts of the segment from step ``first`` on: of each sample, the events inside ``window``.

    Binned segment by segment, because a grid of the whole input would outweigh all else that is kept. Segments hold
    different numbers of events, so these are taken in chunks until none is left.
    """
    steps, batch, _ = shape
    (start, stop), samples = window[..., None], jnp.arange(batch)[:, None]

    def add(chunk, grid):
        index = start + chunk * _CHUNK + jnp.arange(_CHUNK)
        row = jnp.take_along_axis(step, index, 1, mode="clip") - first
        unit = jnp.take_along_axis(units, index, 1, mode="clip")
        return grid.at[jnp.where(index < stop, row, steps), samples, unit].add(1, mode="drop")

    chunks = -(-jnp.max(stop - start, initial=0) // _CHUNK)
    return lax.fori_loop(0, chunks, add, jnp.zeros(shape, dtype))


def _project(spikes: Float[Array, "steps batch pre"], weights: Float[Array, "pre post"]) -> Array:
    """Currents ``[steps, batch, post]``, as a product of two matrices: its gradient is faster than with three axes."""
    steps, batch, pre = spikes.shape
    return (spikes.reshape(steps * batch, pre) @ weights).reshape(steps, batch, -1)


def _check(layers: Sequence[LIFParams], events: Events) -> None:
    if not layers:
        raise ValueError("got no layers, expected at least one")
    for before, after in zip(layers[:-1], layers[1:], strict=True):
        if before.neurons != after.inputs:
            raise ValueError(f"a layer of {before.neurons} neurons feeds one of {after.inputs} inputs: make them equal")
    if events.times.ndim != 2:
        raise ValueError(f"event times have shape {events.times.shape}, expected [batch, capacity]: add a batch axis")


def _scan_segments(
    layers: Sequence[LIFParams],
    events: Events,
    grid: Grid,
    rule: Rule,
    checkpoint: bool,
    collect: Callable[..., tuple[PyTree, PyTree]],
    collected: PyTree,
) -> tuple[PyTree, PyTree]:
    """Run all layers, and after each segment ``collect(collected, spikes of each layer, times, live)``.

    Its first result is handed on to the next segment, its second stacked. ``live`` is False for the steps beyond the
    end of the grid with which the last segment is filled up.
    """
    batch, dtype, length = len(events.times), layers[0].w_in.dtype, grid.segment
    constants = [grid_constants(params, grid.dt) for params in layers]
    rules = [rule if params.w_rec is not None else rule._replace(delay=0) for params in layers]

    firsts = length * jnp.arange(math.ceil(grid.steps / length))
    step = jnp.round(jnp.where(events.valid, events.times, jnp.inf) / grid.dt)
    step = jnp.where(step < grid.steps, step, _NEVER).astype(jnp.int32)
    find = jax.vmap(jnp.searchsorted, (0, None), 1)
    windows = jnp.stack([find(step, firsts), find(step, firsts + length)], 1)

    def segment(carry, inputs):
        states, collected = carry
        window, first = inputs
        spikes = _segment_input(step, events.units, window, first, (length, batch, layers[0].inputs), dtype)
        ends, fired = [], []
        for params, constant, layer_rule, start in zip(layers, constants, rules, states, strict=True):
            v, i, spikes = run_segment(layer_rule, constant, params.w_rec, start, _project(spikes, params.w_in))
            ends.append(State(v, i, spikes[length - layer_rule.delay :]))
            fired.append(spikes)
        points = first + jnp.arange(length)
        collected, out = collect(collected, fired, (points * grid.dt).astype(dtype), points < grid.steps)
        return (ends, collected), out

    kept = jax.checkpoint_policies.save_only_these_names(*(() if checkpoint else (KEPT,)))
    segment = jax.checkpoint(segment, policy=kept, prevent_cse=False)
    starts = [rest(params, layer_rule, batch) for params, layer_rule in zip(layers, rules, strict=True)]
    (_, collected), out = lax.scan(segment, (starts, collected), (windows, firsts))
    return collected, out


def simulate(
    layers: Sequence[LIFParams],
    events: Events,
    observer: Observer,
    *,
    duration: float,
    dt: float,
    delay: float,
    surrogate: Surrogate,
    reset_gradient: bool = True,
    checkpoint: bool = False,
) -> tuple[PyTree, tuple[Float[Array, "batch _"], ...]]:
    """Run layers of LIF neurons on the grid while an observer reads the spikes of the last one.

    Differentiable in reverse mode with respect to all parameters and to the arrays that the observer holds.

    Args:
        layers: parameters of each layer, from the input on.
        events: input spikes of a batch; those beyond the last grid point are left out.
        observer: reads the spikes at each step.
        duration: [s]; the steps are ``n = 0 .. ceil(duration / dt)``.
        dt: step [s].
        delay: of recurrent transmission [s], a whole number of steps; with 0 spikes arrive in their own step.
        surrogate: the stand-in for the derivative of a spike.
        reset_gradient: whether the reset passes a gradient to the spikes, or is held fixed.
        checkpoint: keep the state between segments only, memory in proportion to the square root of the number of
            steps, for the price of a second forward pass; the same values and gradients.

    Returns:
        The observer's last state, and for each layer the spike counts, which pass gradients too.

    Raises:
        ValueError: for impossible times, layers that do not fit together or events that are not a batch.
    """
    _check(layers, events)
    grid = time_grid(duration, dt, delay)

    def collect(collected, fired, times, live):
        seen, counts = collected
        counts = [n + jnp.tensordot(live.astype(n.dtype), s, 1) for n, s in zip(counts, fired, strict=True)]

        def look(seen, inputs):
            spikes, time, alive = inputs
            after = observer.step(seen, spikes, time)
            return jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, seen), None

        return (lax.scan(look, seen, (fired[-1], times, live))[0], counts), None

    batch = len(events.times)
    counts = [jnp.zeros((batch, params.neurons), params.w_in.dtype) for params in layers]
    seen = observer.init(batch, layers[-1].neurons, layers[-1].w_in.dtype)
    rule = Rule(grid.delay, surrogate, reset_gradient)
    (seen, counts), _ = _scan_segments(layers, events, grid, rule, checkpoint, collect, (seen, counts))
    return seen, tuple(counts)


def lif_layer(
    params: LIFParams,
    events: Events,
    *,
    duration: float,
    dt: float,
    delay: float,
    surrogate: Surrogate,
    reset_gradient: bool = True,
    checkpoint: bool = False,
) -> Float[Array, "batch steps neurons"]:
    """Spikes of one layer at every grid point; arguments, gradients and errors as in ``simulate``."""
    _check([params], events)
    grid = time_grid(duration, dt, delay)
    rule = Rule(grid.delay, surrogate, reset_gradient)
    record = lambda _, fired, times, live: (None, fired[0])  # noqa: E731
    _, spikes = _scan_segments([params], events, grid, rule, checkpoint, record, None)
    return jnp.moveaxis(spikes.reshape(-1, *spikes.shape[2:])[: grid.steps], 0, 1)
