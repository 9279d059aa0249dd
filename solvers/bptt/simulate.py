"""Backpropagation through time (BPTT) with surrogate derivatives: layers on a time grid, readouts fused in.

The grid points are ``t_n = n dt``. LIF neurons follow their equation exactly in between (see ``layer``), others by one
Runge-Kutta step (see ``any_neuron``). A voltage at or above the threshold at a grid point is a spike there. Input
spikes arrive at the grid point nearest to them, recurrent spikes a delay after they were sent, and the spikes of one
layer reach the next at the same grid point.

Time is cut into segments. Within a segment every weight matrix but the recurrent one is applied by a single matrix
product over all its steps, and every weight gradient is formed by one. The reverse pass runs a segment again from the
state at its start: either all of it (``checkpoint=True``), or, in layers of LIF neurons, with the voltages of all steps
kept.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51 (surrogate gradients); Chen et al. 2016,
arXiv:1604.06174 (checkpointing in segments).
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, PyTree

from ..events import Events
from ..neurons.base import Parameters
from ..neurons.lif import LIFParams
from ..surrogates import Surrogate
from . import any_neuron, layer
from .grid import Grid, bin_events, segment_input, time_grid
from .rule import KEPT, Rule, Segment


@runtime_checkable
class Observer(Protocol):
    """What looks at the spikes of the last layer one step after the other, such as a readout."""

    def init(self, batch: int, neurons: int, dtype: Any) -> PyTree:
        """State before the first step: arrays of fixed shape and type."""

    def step(self, state: PyTree, spikes: Float[Array, "batch neurons"], time: Float[Array, ""]) -> PyTree:
        """State after the spikes (0 or 1) at ``time`` [s]."""


def _project(spikes: Float[Array, "steps batch pre"], weights: Float[Array, "pre post"]) -> Array:
    """Currents ``[steps, batch, post]``, as a product of two matrices: its gradient is faster than with three axes."""
    steps, batch, pre = spikes.shape
    return (spikes.reshape(steps * batch, pre) @ weights).reshape(steps, batch, -1)


def _check(layers: Sequence[Parameters], events: Events) -> None:
    if not layers:
        raise ValueError("got no layers, expected at least one")
    for before, after in zip(layers[:-1], layers[1:], strict=True):
        neurons, inputs = before.w_in.shape[1], after.w_in.shape[0]
        if neurons != inputs:
            raise ValueError(f"a layer of {neurons} neurons feeds one of {inputs} inputs: make them equal")
    if events.times.ndim != 2:
        raise ValueError(f"event times have shape {events.times.shape}, expected [batch, capacity]: add a batch axis")


def _on_grid(params: Parameters, rule: Rule, dt: float) -> Segment:
    """A layer that is ready to run; a delay means nothing to one without recurrent weights."""
    rule = rule if params.w_rec is not None else rule._replace(delay=0)
    if isinstance(params, LIFParams):
        return layer.on_grid(params, rule, dt)
    return any_neuron.on_grid(params, rule, dt)


def _scan_segments(
    layers: Sequence[Parameters],
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
    batch, dtype, inputs = len(events.times), layers[0].w_in.dtype, layers[0].w_in.shape[0]
    ready = [_on_grid(params, rule, grid.dt) for params in layers]
    binned = bin_events(events, grid)

    def segment(carry: tuple[list[Any], PyTree], window_and_first: tuple[Array, Array]) -> tuple[Any, PyTree]:
        states, collected = carry
        window, first = window_and_first
        spikes = segment_input(binned, window, first, (grid.segment, batch, inputs), dtype)
        ends, fired = [], []
        for params, one, state in zip(layers, ready, states, strict=True):
            end, spikes = one.run(state, _project(spikes, params.w_in))
            ends.append(end)
            fired.append(spikes)
        points = first + jnp.arange(grid.segment)
        collected, out = collect(collected, fired, (points * grid.dt).astype(dtype), points < grid.steps)
        return (ends, collected), out

    kept = jax.checkpoint_policies.save_only_these_names(*(() if checkpoint else (KEPT,)))
    segment = jax.checkpoint(segment, policy=kept, prevent_cse=False)
    starts = [one.rest(batch) for one in ready]
    (_, collected), out = lax.scan(segment, (starts, collected), (binned.windows, binned.firsts))
    return collected, out


def simulate(
    layers: Sequence[Parameters],
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
    """Run layers of neurons on the grid while an observer reads the spikes of the last one.

    Differentiable in reverse mode with respect to all parameters and to the arrays that the observer holds.

    Args:
        layers: parameters of each layer, from the input on, of any model of ``solvers.neurons.NEURONS``.
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

    def collect(
        collected: tuple[PyTree, list[Array]],
        fired: list[Array],
        times: Float[Array, " steps"],
        live: Bool[Array, " steps"],
    ) -> tuple[tuple[PyTree, list[Array]], None]:
        seen, counts = collected
        counts = [n + jnp.tensordot(live.astype(n.dtype), s, 1) for n, s in zip(counts, fired, strict=True)]

        def look(seen: PyTree, inputs: tuple[Array, Array, Array]) -> tuple[PyTree, None]:
            spikes, time, alive = inputs
            after = observer.step(seen, spikes, time)
            return jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, seen), None

        return (lax.scan(look, seen, (fired[-1], times, live))[0], counts), None

    batch = len(events.times)
    counts = [jnp.zeros((batch, params.w_in.shape[1]), params.w_in.dtype) for params in layers]
    seen = observer.init(batch, layers[-1].w_in.shape[1], layers[-1].w_in.dtype)
    rule = Rule(grid.delay, surrogate, reset_gradient)
    (seen, counts), _ = _scan_segments(layers, events, grid, rule, checkpoint, collect, (seen, counts))
    return seen, tuple(counts)


def lif_layer(
    params: Parameters,
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
