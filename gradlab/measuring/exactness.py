"""Are EventProp's gradients exact? Comparison with independent oracles on random networks, in double precision.

Random small recurrent networks, each parameter of which is changed: EventProp's gradient of the whole path, from input
spikes to cross-entropy, is compared with central differences, that of each layer with implicit differentiation, and the
spikes of each layer with an event-by-event simulation. Spikes and gradient of the first layer are also compared with
those of a general solver of differential equations (diffrax), which knows nothing of the neuron's closed form. For
neurons with a refractory period it is the only oracle beside the differences.
"""

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array
from tqdm import tqdm

from solvers import reference
from solvers.eventprop import ENGINES, engine_name
from solvers.events import Events

from ..methods import EventProp
from ..networks.readouts import READOUTS
from .cases import CASES, Case
from .finite_differences import central_differences, relative_error, stencil
from .random_networks import (
    EXACT,
    Problem,
    draw_problem,
    evaluate,
    in_order,
    kinds,
    layer_events,
    layer_gradient,
    oracle_gradient,
    spiking_layers,
)

LIMIT = 1e-6  # of the relative error
_TIME_SCALE = 5e-3  # [s]; input times are changed in proportion to it
_SAME_TIME = 1e-9  # [s]; a spike further off than this from its twin counts as missed


@dataclass
class Report:
    """What a check found.

    Attributes:
        errors: worst ``max|EventProp - differences| / max|differences|``, by kind of parameter and by loss.
        implicit: the same against implicit differentiation, over all kinds.
        oracle: the same against diffrax, over all kinds and the spike times.
        spikes: number of spikes compared with the event-by-event simulation.
        missed: how many of them were missing, false, or not at the same time.
        checked: number of derivatives compared with differences.
        rejected: number of derivatives left out, as every step changes the order of events.
    """

    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    implicit: float = 0.0
    oracle: float = 0.0
    spikes: int = 0
    missed: int = 0
    checked: int = 0
    rejected: int = 0

    @property
    def worst(self) -> float:
        """Largest relative error against central differences."""
        return float(np.max([x for by_loss in self.errors.values() for x in by_loss.values()]))

    @property
    def worst_of_delays(self) -> float | None:
        """The same over the delays; None without any."""
        found = [x for kind, by_loss in self.errors.items() if kind.startswith("delays") for x in by_loss.values()]
        return float(np.max(found)) if found else None

    @property
    def passed(self) -> bool:
        """Whether no spike was missed and no error exceeds the limit; NaN does not pass."""
        return self.missed == 0 and all(bool(x <= LIMIT) for x in (self.worst, self.implicit, self.oracle))


def check_gradients(
    cases: Sequence[Case] = CASES,
    losses: Sequence[str] = tuple(READOUTS),
    networks: int = 1,
    seed: int = 0,
    method: EventProp = EXACT,
    progress: bool = False,
    quick: bool = False,
) -> Report:
    """Compare EventProp with independent oracles on random networks.

    Args:
        cases: kinds of networks; those with delays that the engine has not are left out.
        losses: names in ``gradlab.networks.readouts.READOUTS``.
        networks: number of networks of each kind, for each loss.
        seed: of the networks.
        method: EventProp with the engine to check.
        progress: whether to show a bar on stderr.
        quick: each case with one of the losses only, in turn; other oracles than the differences for the first case
            only.

    Raises:
        ValueError: unless JAX computes in double precision.
    """
    if jax.dtypes.canonicalize_dtype(float) != np.float64:
        raise ValueError("the check needs double precision: set jax_enable_x64 first")
    report = Report()
    able = set(ENGINES[engine_name(method.engine)].delays)
    chosen = [case for case in cases if case.delays_of_engine <= able]
    pairs = list(zip(chosen, itertools.cycle(losses), strict=False) if quick else itertools.product(chosen, losses))
    todo = tqdm(list(itertools.product(pairs, range(networks))), "checking", file=sys.stderr, disable=not progress)
    for (case, loss), number in todo:
        todo.set_postfix_str(f"{case.name}, loss {loss}")
        problem = draw_problem(case, loss, [seed, number], method)
        _compare_with_differences(problem, report)
        if quick and case != chosen[0]:
            continue
        if problem.network.neuron_model.refractory is None:
            _compare_layers(problem, report)
        if loss == losses[0] and not case.delays:  # the layers know nothing of the loss, diffrax nothing of such delays
            _compare_with_oracle(problem, report)
    return report


def _scale(kind: str, value: Array) -> float:
    if kind == "input times":
        return _TIME_SCALE
    return 1.0 if kind.endswith("reset") else float(np.abs(value).max())


def _compare_with_differences(problem: Problem, report: Report) -> None:
    """The whole path, from parameters and input times to the loss."""
    variables = problem.params, problem.times
    names, leaves = kinds(problem.params), jax.tree.leaves(variables)
    of_entry = np.concatenate([np.full(np.size(x), name) for name, x in zip(names, leaves, strict=True)])
    scale = np.concatenate([np.full(np.size(x), _scale(name, x)) for name, x in zip(names, leaves, strict=True)])

    points = stencil(np.asarray(ravel_pytree(variables)[0]), scale)
    losses, events, value = map(np.asarray, evaluate(*problem, points))
    expected = central_differences(losses, events, scale)
    sure = np.isfinite(expected)
    for name in dict.fromkeys(names):
        chosen = sure & (of_entry == name)
        by_loss = report.errors.setdefault(name, {})
        error = relative_error(value[chosen], expected[chosen])
        by_loss[problem.network.loss] = float(np.maximum(by_loss.get(problem.network.loss, 0.0), error))
    report.checked += int(sure.sum())
    report.rejected += int((~sure).sum())


def _compare_layers(problem: Problem, report: Report) -> None:
    """Each layer on the first sample: its spikes, and the gradient of a random function of their times."""
    network, method, params, times, units = problem
    sample = in_order(times[:1], units[:1])
    layers = layer_events(method, network.delay, params, sample)
    for layer, (arriving, spikes) in zip(spiking_layers(params), itertools.pairwise(layers), strict=True):
        arriving, spikes = jax.tree.map(lambda x: x[0], (arriving, spikes))
        expected = reference.simulate(layer, arriving, duration=network.duration, delay=network.delay)
        report.spikes += int(expected.count)
        report.missed += count_missed(spikes, expected)
        weights = np.random.default_rng(0).normal(size=spikes.capacity)
        ours = layer_gradient(method, network.delay, layer, arriving, weights)
        implicit = reference.implicit_gradient(layer, arriving, spikes, weights, delay=network.delay)
        for value, other in zip(jax.tree.leaves(ours), jax.tree.leaves(implicit), strict=True):
            report.implicit = float(np.maximum(report.implicit, relative_error(value, other)))


def _compare_with_oracle(problem: Problem, report: Report) -> None:
    """The first layer on the first sample: spike times, and the gradient of a random function of them."""
    network, method, params, times, units = problem
    arriving, spikes = jax.tree.map(
        lambda x: x[0], tuple(layer_events(method, network.delay, params, in_order(times[:1], units[:1]))[:2])
    )
    layer, weights = params.layers[0], np.random.default_rng(0).normal(size=spikes.capacity)
    found, expected = oracle_gradient(network.delay, layer, arriving, weights)
    report.spikes += int(found.count)
    report.missed += count_missed(spikes, found)
    number = int(spikes.count)
    report.oracle = float(np.maximum(report.oracle, relative_error(spikes.times[:number], found.times[:number])))
    ours = layer_gradient(method, network.delay, layer, arriving, weights)
    for value, other in zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True):
        report.oracle = float(np.maximum(report.oracle, relative_error(value, other)))


def count_missed(spikes: Events, expected: Events) -> int:
    """Spikes of one sample that one has and the other has not, or not at the same time."""
    counts = int(spikes.count), int(expected.count)
    (times, units), (other_times, other_units) = (
        (np.asarray(x.times)[: min(counts)], np.asarray(x.units)[: min(counts)]) for x in (spikes, expected)
    )
    same = (units == other_units) & (np.abs(times - other_times) < _SAME_TIME)
    return max(counts) - int(same.sum())
