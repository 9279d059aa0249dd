"""Backpropagation through time (BPTT) with surrogate derivatives: layers on a time grid, readouts fused in.

The grid points are ``t_n = n dt``. LIF neurons follow their equation exactly in between (see ``layer``), others by one
Runge-Kutta step (see ``any_neuron``). A voltage at or above the threshold at a grid point is a spike there. Input
spikes arrive at the grid point nearest to them, recurrent spikes a delay after they were sent, and the spikes of one
layer reach the next at the same grid point.

Time is cut into segments. Within a segment every weight matrix but the recurrent one is applied by a single matrix
product over all its steps, and every weight gradient is formed by one. The reverse pass runs a segment again from the
state at its start: either all of it (``checkpoint=True``), or, in layers of LIF neurons, with the voltages of all steps
kept. Layers with delays of their own run through all steps as one segment, see ``delayed``.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51 (surrogate gradients); Chen et al. 2016,
arXiv:1604.06174 (checkpointing in segments).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray, PyTree

from ..checks import batch_shapes, checked, varying_alike
from ..delays import kinds
from ..escape import Escape
from ..events import Events
from ..fields import check_fields
from ..neurons.base import Parameters
from ..neurons.lif import LIFParams
from ..own_rules import own_rules
from ..surrogates import AnySurrogate, Plain, Surrogate, as_surrogate
from . import any_neuron, layer
from .delayed import require_delays, run_trial
from .feedback import product
from .grid import Grid, bin_events, segment_input, time_grid
from .rule import KEPT, Rule, Segment


@runtime_checkable
class Observer(Protocol):
    """What looks at the spikes of the last layer one step after the other, such as a readout.

    The first axis of every array of its state is the batch.
    """

    def init(self, batch: int, neurons: int, dtype: Any) -> PyTree:
        """State before the first step: arrays of fixed shape and type."""

    def step(
        self, state: PyTree, spikes: Float[Array, "batch neurons"], time: Float[Array, ""], lag: Float[Array, ""]
    ) -> PyTree:
        """State after the spikes (0 or 1) at ``time`` [s], a ``lag`` [s] after the step before: see ``Grid``."""


def _project(
    spikes: Float[Array, "steps batch pre"], weights: Float[Array, "pre post"], back: Array | None
) -> Float[Array, "steps batch post"]:
    """Currents ``[steps, batch, post]``, as a product of two matrices: its gradient is faster than with three axes."""
    steps, batch, pre = spikes.shape
    return product(spikes.reshape(steps * batch, pre), weights, back).reshape(steps, batch, weights.shape[1])


def _lost(wrong: Bool[Array, " batch"], result: PyTree) -> PyTree:
    """NaN instead of what came out for samples in which something is wrong."""

    def one(x: Array) -> Array:
        if not jnp.issubdtype(x.dtype, jnp.floating):
            return x
        return jnp.where(wrong.reshape(-1, *[1] * (x.ndim - 1)), jnp.nan, x)

    return jax.tree.map(one, result)


def _on_grid(params: Parameters, rule: Rule, dt: float, back: Array | None) -> Segment:
    """A layer that is ready to run; a delay means nothing to one without recurrent weights."""
    rule = rule if params.w_rec is not None else rule._replace(delay=0)
    if isinstance(params, LIFParams):
        return layer.on_grid(params, rule, dt, back)
    return any_neuron.on_grid(params, rule, dt, back)


def _scan_segments(
    layers: Sequence[Parameters],
    events: Events,
    grid: Grid,
    rule: Rule,
    checkpoint: bool,
    collect: Callable[..., tuple[PyTree, PyTree]],
    collected: PyTree,
    feedback: Sequence[Parameters] | None = None,
    keys: PRNGKeyArray | None = None,
) -> tuple[PyTree, PyTree]:
    """Run all layers, and after each segment ``collect(collected, spikes of each layer, points)``.

    Its first result is handed on to the next segment, its second stacked. The last segment is filled up with points
    beyond the end of the grid.
    """
    escape = rule.surrogate if isinstance(rule.surrogate, Escape) else None
    if (escape is None) != (keys is None):
        raise ValueError("spikes are drawn with an Escape for the surrogate and a key: give both, or none of them")
    if any(map(kinds, layers)):
        for params in layers:
            require_delays(params)
        if escape is not None:
            raise ValueError("surrogate is an Escape, but layers with delays draw no spikes: give a Surrogate")
        if checkpoint:
            raise ValueError("checkpoint is set, but layers with delays keep all steps: leave it out")
        if feedback is not None:
            raise ValueError("feedback weights are given, but layers with delays have none: leave them out")
        fired = run_trial(layers, events, grid, rule)
        collected, out = collect(collected, fired, jnp.arange(grid.steps))
        return collected, jax.tree.map(lambda x: x[None], out)
    batch, dtype, inputs = len(events.times), layers[0].w_in.dtype, layers[0].w_in.shape[0]
    backs: Sequence[Any] = [None] * len(layers) if feedback is None else feedback
    ready = [
        _on_grid(params, rule, grid.dt, None if back is None else back.w_rec)
        for params, back in zip(layers, backs, strict=True)
    ]
    binned = bin_events(events, grid)

    def segment(carry: tuple[list[Any], PyTree], window_and_first: tuple[Array, Array]) -> tuple[Any, PyTree]:
        states, collected = carry
        window, first = window_and_first
        spikes = segment_input(binned, window, first, (grid.segment, batch, inputs), dtype)
        ends, fired = [], []
        for depth, (params, back, one, state) in enumerate(zip(layers, backs, ready, states, strict=True)):
            arrivals = _project(spikes, params.w_in, None if back is None else back.w_in)
            levels = None
            if escape is not None and keys is not None:  # drawn again where a segment is run again, from the same keys
                own = _folded(_folded(keys, first), depth)
                draw = partial(escape.levels, shape=(grid.segment, arrivals.shape[-1]), dtype=dtype)
                levels = jax.vmap(draw, out_axes=1)(own)
            end, spikes = one.run(state, arrivals, levels)
            ends.append(end)
            fired.append(spikes)
        points = first + jnp.arange(grid.segment)
        collected, out = collect(collected, fired, points)
        return (ends, collected), out

    kept = jax.checkpoint_policies.save_only_these_names(*(() if checkpoint else (KEPT,)))
    segment = jax.checkpoint(segment, policy=kept, prevent_cse=False)
    starts = [one.rest(batch) for one in ready]
    start = varying_alike((starts, collected), layers, events)
    (_, collected), out = lax.scan(segment, start, (binned.windows, binned.firsts))
    return collected, out


def _folded(keys: PRNGKeyArray, number: ArrayLike) -> PRNGKeyArray:
    return jax.vmap(lambda key: jax.random.fold_in(key, number))(keys)


@dataclass(frozen=True)
class Settings:
    """How layers are run, but for the grid; refuses what it is not."""

    surrogate: Surrogate | Plain | Escape
    reset_gradient: bool
    checkpoint: bool

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)

    def rule(self, grid: Grid) -> Rule:
        """The rule on a grid."""
        return Rule(grid.delay, self.surrogate, self.reset_gradient)


@own_rules()
def simulate(
    layers: Sequence[Parameters],
    events: Events,
    observer: Observer,
    *,
    duration: float,
    dt: float,
    delay: float,
    surrogate: AnySurrogate | Escape,
    reset_gradient: bool = True,
    checkpoint: bool = False,
    feedback: Sequence[Parameters] | None = None,
    key: PRNGKeyArray | None = None,
    first_sample: ArrayLike = 0,
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
        surrogate: the stand-in for the derivative of a spike, a ``Surrogate`` or a function of the distance from the
            threshold [threshold]. With an ``Escape`` spikes are drawn, and this is the derivative of their probability.
        reset_gradient: whether the reset passes a gradient to the spikes, or is held fixed.
        checkpoint: keep the state between segments only, memory in proportion to the square root of the number of
            steps, for the price of a second forward pass; the same values and gradients.
        feedback: layers of the same shapes, through whose weights the reverse pass goes from each layer back to itself
            and to the one before, in place of those of the layers (feedback alignment); nothing else of them matters.
        key: with which spikes are drawn; a sample's do not depend on the others.
        first_sample: place of the first sample, where others are drawn for elsewhere, as on other devices.

    Returns:
        The observer's last state, and for each layer the spike counts, which pass gradients too. NaN for a sample of
        events that had no room (``count`` above the capacity).

    Raises:
        TypeError: if something is of another type.
        ValueError: for impossible times, parameters or events, or layers that do not fit together. Of values that are
            known only when a compiled program runs, on a CPU (see ``solvers.clear_errors``); elsewhere the result of
            such a sample is NaN.
    """
    grid = time_grid(duration, dt, delay)
    settings = Settings(as_surrogate(surrogate), reset_gradient, checkpoint)
    if not isinstance(observer, Observer):
        raise TypeError(f"observer is of type {type(observer).__name__}, expected an Observer")
    batch_shapes(events, single=False)
    layers, events, wrong = checked(layers, events, grid.dt * grid.steps)

    def collect(
        collected: tuple[PyTree, list[Array]], fired: list[Array], points: Int[Array, " steps"]
    ) -> tuple[tuple[PyTree, list[Array]], None]:
        seen, counts = collected
        live = points < grid.steps
        counts = [n + jnp.tensordot(live.astype(n.dtype), s, 1) for n, s in zip(counts, fired, strict=True)]

        def look(seen: PyTree, inputs: tuple[Array, ...]) -> tuple[PyTree, None]:
            *moment, alive = inputs
            after = observer.step(seen, *moment)
            return jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, seen), None

        return (lax.scan(look, seen, (fired[-1], *grid.clock(points, fired[-1].dtype), live))[0], counts), None

    batch = len(events.times)
    counts = [jnp.zeros((batch, params.w_in.shape[1]), params.w_in.dtype) for params in layers]
    seen = observer.init(batch, layers[-1].w_in.shape[1], layers[-1].w_in.dtype)
    keys = None if key is None else jax.vmap(partial(jax.random.fold_in, key))(first_sample + jnp.arange(batch))
    result, _ = _scan_segments(
        layers, events, grid, settings.rule(grid), settings.checkpoint, collect, (seen, counts), feedback, keys
    )
    seen, counts = _lost(wrong | events.overflowed, result)
    return seen, tuple(counts)


@own_rules()
def lif_layer(
    params: Parameters,
    events: Events,
    *,
    duration: float,
    dt: float,
    delay: float,
    surrogate: AnySurrogate,
    reset_gradient: bool = True,
    checkpoint: bool = False,
) -> Float[Array, "batch steps neurons"]:
    """Spikes of one layer at every grid point; arguments, gradients and errors as in ``simulate``."""
    grid = time_grid(duration, dt, delay)
    settings = Settings(as_surrogate(surrogate), reset_gradient, checkpoint)
    batch_shapes(events, single=False)
    layers, events, wrong = checked([params], events, grid.dt * grid.steps)
    record = lambda _, fired, points: (None, fired[0])  # noqa: E731
    _, spikes = _scan_segments(layers, events, grid, settings.rule(grid), settings.checkpoint, record, None)
    return _lost(wrong | events.overflowed, jnp.moveaxis(lax.collapse(spikes, 0, 2)[: grid.steps], 0, 1))
