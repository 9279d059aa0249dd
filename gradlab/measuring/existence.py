"""Is the existence part of the smoothed gradient what it says? Comparison with spikes that are put in by hand.

The existence part is the gradient of no loss, yet a statement about one: at a ghost it adds ``h(x) E dx``, where E is
the derivative of the loss with respect to the amplitude of a spike there (see ``solvers.eventprop.Smoothing``). Random
networks, in which a half-width leaves one ghost and no marginal spike, show that term alone. E is compared with central
differences over the amplitude of a spike that is inserted in an event-by-event simulation, dx with central differences
of the voltage, for every parameter.
"""

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from tqdm import tqdm

from solvers import reference
from solvers.eventprop import AUTO, ENGINES, Smoothing, engine_name, require_smooth
from solvers.events import Events, ghost_of
from solvers.reference.spike_response import Moments, arrivals_of, voltages
from solvers.smoothing import FAR

from ..methods import EventPropSmooth
from ..networks.losses import cross_entropy
from ..networks.params import NetworkParams
from ..networks.readouts import LINEAR
from .cases import CASES, Case
from .finite_differences import central_differences, relative_error, stencil
from .random_networks import Problem, draw_problem, evaluate, in_order, kinds, layer_events

#: With a delay: without one ``numba`` looks at the voltages so rarely that no ghost stands alone.
WITH_DELAY = (
    *(case for case in CASES if case.neuron == "lif" and case.delay > 0 and not case.delays),
    Case("two layers", hidden=(4, 4)),
)
_DIP = 0.05  # [threshold]
_AMPLITUDE = 2e-5  # of the inserted spike
_HALF_WIDTHS = (0.2, 0.1, 0.05, 0.025)  # of the kernel [threshold], to leave one ghost
_ROOM = 128  # for spikes and ghosts of a layer
_APART = 1e-6  # [s] from any event, so that it stays between the same ones
_LATEST = 0.95  # [duration], of a ghost
_TRIES = 100  # networks for each one that is found


@dataclass
class ExistenceReport:
    """What a check found.

    Attributes:
        errors: worst ``max|existence part - h E dx| / max|h E dx|``, by kind of parameter; the time of the ghost is
            held fixed.
        ghosts: at which it was compared.
    """

    errors: dict[str, float] = field(default_factory=dict)
    ghosts: int = 0

    @property
    def worst(self) -> float:
        """Largest relative error; infinite if nothing was compared."""
        return float(np.max(list(self.errors.values()), initial=0.0)) if self.errors else np.inf


class Ghost(NamedTuple):
    """A ghost that stands alone: its layer, time [s] and neuron, and the half-width that leaves no other."""

    depth: int
    time: float
    neuron: int
    half_width: float


def check_existence(
    cases: Sequence[Case] = WITH_DELAY,
    losses: Sequence[str] = LINEAR,
    networks: int = 1,
    seed: int = 0,
    engine: str = AUTO,
    progress: bool = False,
) -> ExistenceReport:
    """Compare the existence part with spikes that are put in by hand, on random networks, in double precision.

    Args:
        cases: kinds of networks.
        losses: names of readouts that are linear in the spikes.
        networks: number of ghosts for each kind and each loss.
        seed: of the networks.
        engine: of the layers.
        progress: whether to show a bar on stderr.

    Raises:
        ValueError: for an engine that has no smoothed gradient.
        RuntimeError: if no random network has a ghost that stands alone.
    """
    require_smooth(engine_name(engine, smooth=True), "lif")
    report = ExistenceReport()
    todo = list(itertools.product(cases, losses))
    for case, loss in tqdm(todo, "checking ghosts", file=sys.stderr, disable=not progress):
        for problem, ghost in _alone(case, loss, seed, networks, engine):
            _compare(problem, ghost, engine, report)
    return report


def _alone(case: Case, loss: str, seed: int, networks: int, engine: str) -> Iterator[tuple[Problem, Ghost]]:
    found = 0
    for number in range(networks * _TRIES):
        problem = draw_problem(case, loss, [seed, number])
        problem = problem._replace(times=problem.times[:1], units=problem.units[:1])
        if (ghost := _ghost(problem, engine)) is not None:
            yield problem, ghost
            found += 1
        if found == networks:
            return
    raise RuntimeError(f"no network of the kind {case.name!r} has a ghost that stands alone: try another seed")


def _ghost(problem: Problem, engine: str) -> Ghost | None:
    """The only mark of a network in one of the half-widths, if it is a ghost."""
    network, method, params, times, units = problem
    layers = layer_events(method, network.delay, params, in_order(times, units))
    simulator: Any = ENGINES[engine_name(engine, smooth=True)]
    for half_width in _HALF_WIDTHS:
        marks = []
        smoothing = _method(half_width, engine).smoothing
        for depth, (layer, arriving) in enumerate(zip(params.layers, layers, strict=False)):
            found, kept = simulator.smooth_forward(
                layer, arriving, duration=network.duration, delay=network.delay, capacity=_ROOM, smoothing=smoothing
            )
            for k in np.flatnonzero(found.valid[0] & ((found.units[0] < 0) | (kept.margin[0] != FAR))):
                marks.append((depth, float(found.times[0, k]), int(found.units[0, k])))
        if len(marks) != 1:
            continue
        depth, time, unit = marks[0]
        arrivals = [np.asarray(each.times[0]) + lag for each in layers for lag in (0.0, network.delay)]
        gap = np.abs(np.concatenate(arrivals) - time).min()
        if unit < 0 and time < _LATEST * network.duration and gap > _APART:
            return Ghost(depth, time, int(ghost_of(unit)), half_width)
    return None


def _method(half_width: float, engine: str, parts: Any = "both") -> EventPropSmooth:
    return EventPropSmooth(engine, Smoothing(half_width=half_width, floor=0.0, dip=_DIP, parts=parts))


def _compare(problem: Problem, ghost: Ghost, engine: str, report: ExistenceReport) -> None:
    variables = problem.params, problem.times
    names, leaves = kinds(problem.params), jax.tree.leaves(variables)
    of_entry = np.concatenate([np.full(np.size(x), name) for name, x in zip(names, leaves, strict=True)])
    point = np.asarray(ravel_pytree(variables)[0])
    both, timing = (
        np.asarray(evaluate(*problem._replace(method=_method(ghost.half_width, engine, parts)), point[None])[2])
        for parts in ("both", "timing")
    )
    existence = both - timing
    scale = np.where(of_entry == "input times", 5e-3, np.abs(point) + 0.1)
    margins, events = _margin(problem, ghost, stencil(point, scale))
    slopes = central_differences(np.asarray(margins), np.asarray(events), scale)
    smoothing = Smoothing(half_width=ghost.half_width)
    height = float(smoothing.height(margins[0]))
    expected = height * _by_amplitude(problem, ghost) * slopes
    sure = np.isfinite(expected)
    for name in dict.fromkeys(names):
        chosen = sure & (of_entry == name)
        if np.any(expected[chosen]):
            error = relative_error(existence[chosen], expected[chosen])
            report.errors[name] = float(np.maximum(report.errors.get(name, 0.0), error))
    report.ghosts += 1


def _margin(problem: Problem, ghost: Ghost, points: Float[np.ndarray, "points variables"]) -> tuple[Array, Array]:
    """Margin of the ghost's neuron at its time, and which neurons spike when, in order, at many points."""
    network, method, params, times, units = problem
    _, unravel = ravel_pytree((params, times))

    def one(point: Array) -> tuple[Array, Array]:
        params, times = unravel(point)
        layers = layer_events(method, network.delay, params, in_order(times, units))[: ghost.depth + 2]
        arriving, spikes = jax.tree.map(lambda x: x[0], tuple(layers[-2:]))
        layer = params.layers[ghost.depth]
        moment = Moments(jnp.array([ghost.time]), jnp.array([ghost.neuron]))
        v = voltages(layer, arrivals_of(arriving, spikes), moment.times, moment, arriving, spikes, network.delay)[0]
        order = [jnp.append(each.units[0], (each.times[0] < ghost.time).sum()) for each in layers]
        return v / jnp.broadcast_to(layer.threshold, layer.neurons)[ghost.neuron] - 1, jnp.concatenate(order)

    return jax.jit(lambda points: jax.lax.map(one, points))(points)


def _by_amplitude(problem: Problem, ghost: Ghost) -> float:
    """Derivative of the loss with respect to the amplitude of a spike put in where the ghost is."""
    network, method, params, times, units = problem
    label = jnp.argmin(_logits_with(problem, ghost, 0.0), -1)
    up, down = (float(cross_entropy(_logits_with(problem, ghost, a), label)) for a in (_AMPLITUDE, -_AMPLITUDE))
    return (up - down) / (2 * _AMPLITUDE)


def _logits_with(problem: Problem, ghost: Ghost, amplitude: float) -> Float[Array, "1 outputs"]:
    """What the network answers with a spike of this amplitude in the ghost's place.

    What follows sees it as a spike of one more neuron, whose weights are as many times those of the ghost's neuron.
    """
    network, method, params, times, units = problem
    arriving = layer_events(method, network.delay, params, in_order(times, units))[ghost.depth]
    layer: Any = params.layers[ghost.depth]
    found = reference.simulate(
        layer, jax.tree.map(lambda x: x[0], arriving), duration=network.duration, delay=network.delay,
        inserted=(ghost.time, ghost.neuron, amplitude),
    )  # fmt: skip
    own = (np.asarray(found.times) == ghost.time) & (np.asarray(found.units) == ghost.neuron)
    marked = jnp.where(own, layer.neurons, found.units)
    spikes = jax.tree.map(lambda x: jnp.asarray(x)[None], Events(found.times, marked, found.count))

    def more(w: Array) -> Array:
        return jnp.concatenate([w, amplitude * w[ghost.neuron][None]])

    following: tuple[Any, ...] = params.layers[ghost.depth + 1 :]
    last_readout: Any = params.readout
    if not following:
        readout = last_readout._replace(w=more(last_readout.w))
        return network.readout.from_events(readout, spikes, layer.neurons + 1, network.duration)
    following = (following[0]._replace(w_in=more(following[0].w_in)), *following[1:])
    rest = NetworkParams(following, params.readout)
    last = layer_events(method, network.delay, rest, spikes)[-1]
    return network.readout.from_events(params.readout, last, following[-1].neurons, network.duration)
