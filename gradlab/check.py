"""Are the gradients exact on this machine? ``python -m gradlab.check`` answers within a minute, in double precision.

Random small recurrent networks, each parameter of which is wiggled: EventProp's gradient of the whole path, from input
spikes to cross-entropy, is compared with central differences, that of each layer with implicit differentiation, and the
spikes of each layer with an event-by-event simulation.
"""

import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float, Int
from tqdm import tqdm

from solvers import reference
from solvers.eventprop import lif_layer
from solvers.events import Events
from solvers.lif import LIFParams

from .differences import central_differences
from .losses import cross_entropy
from .network import Network, NetworkParams
from .readouts import LOSSES, ReadoutParams
from .records import make_record

LIMIT = 1e-6  # of the relative error
_INPUTS, _OUTPUTS, _BATCH, _EVENTS = 5, 4, 2, 25
_DURATION, _CAPACITY = 60e-3, 64
_SPIKES = (5, 40)  # of a layer in a sample, least and most
_TIME_SCALE = 5e-3  # [s]; input times are wiggled in proportion to it
_SHORT, _LONG = (3e-3, 7e-3), (9e-3, 22e-3)  # ranges of the time constants [s]
_SAME_TIME = 1e-9  # [s]; a spike further off than this from its twin counts as missed


@dataclass(frozen=True)
class Config:
    """Settings of the command.

    Attributes:
        networks: random networks of each kind, for each loss.
        seed: of the networks.
        json: also print the result as one line of JSON, the last one.
    """

    networks: int = 1
    seed: int = 0
    json: bool = False


@dataclass(frozen=True)
class Case:
    """A kind of network to check.

    Attributes:
        name: what is special about it.
        delay: of recurrent transmission [s].
        hidden: neurons of each hidden layer.
        tau_mem: range of the membrane time constant [s].
        tau_syn: range of the synaptic time constant [s]; None for the same as tau_mem.
        shared: one value of each constant for all neurons of a layer.
        grid: input spikes are rounded to multiples of this [s], so that many coincide; 0 for not at all.
    """

    name: str
    delay: float = 1e-3
    hidden: tuple[int, ...] = (4,)
    tau_mem: tuple[float, float] = _LONG
    tau_syn: tuple[float, float] | None = _SHORT
    shared: bool = False
    grid: float = 0.0


CASES = (
    Case("shared constants", shared=True),
    Case("shared and equal time constants", tau_syn=None, shared=True),
    Case("shared constants, tau_mem below tau_syn", tau_mem=_SHORT, tau_syn=_LONG, shared=True),
    Case("constants per neuron"),
    Case("constants per neuron, equal time constants", tau_syn=None),
    Case("constants per neuron, tau_mem below tau_syn", tau_mem=_SHORT, tau_syn=_LONG),
    Case("constants per neuron, coincident input", grid=5e-3),
    Case("constants per neuron, no delay", delay=0.0),
    Case("constants per neuron, no delay, coincident input", delay=0.0, grid=5e-3),
    Case("two layers, no delay", delay=0.0, hidden=(4, 4), shared=True),
    Case("two layers, no delay, coincident input", delay=0.0, hidden=(4, 4), shared=True, grid=5e-3),
)


class Problem(NamedTuple):
    """A network with its parameters and a labelled batch; one spike event for each time and unit, in any order."""

    network: Network
    params: NetworkParams
    times: Float[Array, "batch events"]
    units: Int[Array, "batch events"]
    labels: Int[Array, " batch"]


@dataclass
class Report:
    """What a check found.

    Attributes:
        errors: worst ``max|EventProp - differences| / max|differences|``, by kind of parameter and by loss.
        implicit: the same against implicit differentiation, over all kinds.
        spikes: number of spikes compared with the event-by-event simulation.
        missed: how many of them were missing, false, or not at the same time.
        checked: number of derivatives compared with differences.
        rejected: number of derivatives left out, as every step changes the order of events.
    """

    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    implicit: float = 0.0
    spikes: int = 0
    missed: int = 0
    checked: int = 0
    rejected: int = 0

    @property
    def worst(self) -> float:
        """Largest relative error against central differences."""
        return float(np.max([x for by_loss in self.errors.values() for x in by_loss.values()]))

    @property
    def passed(self) -> bool:
        """Whether no spike was missed and no error exceeds the limit; NaN does not pass."""
        return self.missed == 0 and bool(self.worst <= LIMIT) and bool(self.implicit <= LIMIT)


def check_gradients(
    cases: Sequence[Case] = CASES,
    losses: Sequence[str] = tuple(LOSSES),
    networks: int = 1,
    seed: int = 0,
    progress: bool = False,
) -> Report:
    """Compare EventProp with independent oracles on random networks.

    Args:
        cases: kinds of networks.
        losses: names in ``gradlab.readouts.LOSSES``.
        networks: number of networks of each kind, for each loss.
        seed: of the networks.
        progress: whether to show a bar on stderr.

    Raises:
        ValueError: unless JAX computes in double precision.
    """
    if not jax.config.read("jax_enable_x64"):
        raise ValueError("the check needs double precision: set jax_enable_x64 first")
    report = Report()
    todo = list(itertools.product(cases, losses, range(networks)))
    for case, loss, number in tqdm(todo, "checking gradients", file=sys.stderr, disable=not progress):
        problem = draw_problem(case, loss, [seed, number])
        _compare_with_differences(problem, report)
        _compare_layers(problem, report)
    return report


def draw_problem(case: Case, loss: str, seed: Sequence[int]) -> Problem:
    """A random network of moderate activity; labels are the least likely classes, so that no gradient is tiny."""
    rng = np.random.default_rng([*seed, *case.name.encode(), *loss.encode()])
    network = Network(_INPUTS, case.hidden, _OUTPUTS, loss=loss, duration=_DURATION, delay=case.delay)
    while True:
        params = _draw_params(network, case, rng)
        times = rng.uniform(0, 0.9 * _DURATION, (_BATCH, _EVENTS))
        times = jnp.asarray(np.round(times / case.grid) * case.grid if case.grid else times)
        units = jnp.asarray(rng.integers(0, _INPUTS, (_BATCH, _EVENTS)), jnp.int32)
        _, *spikes = _layer_events(network, params, _in_order(times, units))
        if all(((s.count >= _SPIKES[0]) & (s.count <= _SPIKES[1])).all() for s in spikes):
            problem = Problem(network, params, times, units, jnp.zeros(_BATCH, int))
            return problem._replace(labels=jnp.argmin(_gradient(*problem)[1][0], -1))


def _draw_params(network: Network, case: Case, rng: np.random.Generator) -> NetworkParams:
    """The network's parameters with weights and constants that suit a check."""
    params = jax.eval_shape(network.init, jax.random.key(0))

    def drawn(layer: LIFParams, drive: float) -> LIFParams:
        size = () if case.shared else layer.neurons
        tau_mem = rng.uniform(*case.tau_mem, size)
        tau_syn = tau_mem if case.tau_syn is None else rng.uniform(*case.tau_syn, size)
        unit = 5e-3 / np.mean(tau_syn)  # of weights: what keeps the mean current the same
        values = {
            "w_in": unit * drive * rng.normal(1, 0.6, layer.w_in.shape),
            "w_rec": None if layer.w_rec is None else unit * rng.normal(0, 0.3, layer.w_rec.shape),
            "tau_mem": tau_mem,
            "tau_syn": tau_syn,
            "threshold": rng.uniform(0.8, 1.2, size),
            "reset": rng.uniform(-0.2, 0.2, size),
        }
        return LIFParams(**{name: None if x is None else jnp.asarray(x) for name, x in values.items()})

    layers = tuple(drawn(layer, 0.8 if depth == 0 else 1.2) for depth, layer in enumerate(params.layers))
    if isinstance(params.readout, LIFParams):
        return NetworkParams(layers, drawn(params.readout, 1.2))
    tau_mem = rng.uniform(*case.tau_mem)
    tau_syn = tau_mem if case.tau_syn is None else rng.uniform(*case.tau_syn)
    readout = ReadoutParams(rng.normal(0, 1, params.readout.w.shape), tau_mem, tau_syn)
    return NetworkParams(layers, ReadoutParams(*map(jnp.asarray, readout)))


def _spiking_layers(params: NetworkParams) -> tuple[LIFParams, ...]:
    return (*params.layers, params.readout) if isinstance(params.readout, LIFParams) else params.layers


def _kinds(params: NetworkParams) -> list[str]:
    """The row of the table to which each array of ``(params, input times)`` belongs, in the order of a pytree."""
    of_layers = [name for layer in params.layers for name in layer._fields if getattr(layer, name) is not None]
    present = [name for name in params.readout._fields if getattr(params.readout, name) is not None]
    of_readout = ["w_out" if name in ("w", "w_in") else f"readout {name}" for name in present]
    return [*of_layers, *of_readout, "input times"]


@jax.jit
def _in_order(times: Array, units: Array) -> Events:
    order = jnp.argsort(times, axis=1)
    count = jnp.full(len(times), times.shape[1], jnp.int32)
    return Events(jnp.take_along_axis(times, order, 1), jnp.take_along_axis(units, order, 1), count)


@partial(jax.jit, static_argnums=0)
def _layer_events(network: Network, params: NetworkParams, events: Events) -> list[Events]:
    """The input of the first layer and the spikes of each spiking layer."""
    result = [events]
    for layer in _spiking_layers(params):
        result.append(lif_layer(layer, result[-1], **_settings(network)))
    return result


def _settings(network: Network) -> dict[str, Any]:
    return {"duration": network.duration, "capacity": _CAPACITY, "delay": network.delay}


def _loss(
    network: Network, params: NetworkParams, times: Array, units: Array, labels: Array
) -> tuple[Array, tuple[Array, tuple[Events, ...]]]:
    """Loss; logits and the events of all hidden layers, from the input on."""
    events = _in_order(times, units)
    output = network.eventprop(params, events, [_CAPACITY] * len(network.spiking_sizes))
    return cross_entropy(output.logits, labels), (output.logits, (events, *output.spikes))


def _sequence(network: Network, params: NetworkParams, layers: Sequence[Events]) -> Array:
    """What must not change for the loss to be smooth: which neurons spike, and between which arrivals."""
    if isinstance(params.readout, LIFParams):
        layers = [*layers, lif_layer(params.readout, layers[-1], **_settings(network))]
    rank = jax.vmap(jnp.searchsorted)
    parts = []
    for arriving, spikes in itertools.pairwise(layers):
        parts += [spikes.units, rank(arriving.times, spikes.times), rank(spikes.times + network.delay, spikes.times)]
    return jnp.stack(parts)


_gradient = jax.jit(jax.grad(_loss, argnums=(1, 2), has_aux=True), static_argnums=0)


@partial(jax.jit, static_argnums=0)
def _evaluate(network: Network, params, times, units, labels, points) -> tuple[Array, Array]:
    """Loss and sequence of events at many points, each the parameters and the input times in one vector."""
    _, unravel = ravel_pytree((params, times))

    def one(point):
        params, times = unravel(point)
        loss, (_, layers) = _loss(network, params, times, units, labels)
        return loss, _sequence(network, params, layers)

    return jax.lax.map(one, points)


def _scale(kind: str, value: Array) -> float:
    if kind == "input times":
        return _TIME_SCALE
    return 1.0 if kind.endswith("reset") else float(jnp.abs(value).max())


def relative_error(value: ArrayLike, expected: ArrayLike) -> float:
    """``max|value - expected| / max|expected|``; 0 where both are zero."""
    value, expected = np.asarray(value), np.asarray(expected)
    difference, largest = np.max(np.abs(value - expected), initial=0), np.max(np.abs(expected), initial=0)
    return float(difference / largest) if largest else float(np.where(difference == 0, 0, np.inf))


def _compare_with_differences(problem: Problem, report: Report) -> None:
    network, *arguments = problem
    params, times, *_ = arguments
    kinds, leaves = _kinds(params), jax.tree.leaves((params, times))
    of_entry = np.concatenate([np.full(np.size(x), kind) for kind, x in zip(kinds, leaves, strict=True)])
    scale = np.concatenate([np.full(np.size(x), _scale(kind, x)) for kind, x in zip(kinds, leaves, strict=True)])

    def function(points):
        return tuple(map(np.asarray, _evaluate(network, *arguments, points)))

    expected = central_differences(function, np.asarray(ravel_pytree((params, times))[0]), scale)
    gradient = np.asarray(ravel_pytree(_gradient(*problem)[0])[0])
    sure = np.isfinite(expected)
    for kind in dict.fromkeys(kinds):
        chosen = sure & (of_entry == kind)
        by_loss = report.errors.setdefault(kind, {})
        error = relative_error(gradient[chosen], expected[chosen])
        by_loss[network.loss] = float(np.maximum(by_loss.get(network.loss, 0.0), error))
    report.checked += int(sure.sum())
    report.rejected += int((~sure).sum())


@partial(jax.jit, static_argnums=0)
def _layer_gradient(network: Network, layer: LIFParams, events: Events, weights: Array) -> tuple[LIFParams, Array]:
    """Gradient of a weighted sum of the spike times of one layer."""

    def total(layer, times):
        spikes = lif_layer(layer, events._replace(times=times), **_settings(network))
        return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0))

    return jax.grad(total, (0, 1))(layer, events.times)


def _compare_layers(problem: Problem, report: Report) -> None:
    """Each layer on the first sample: its spikes, and the gradient of a random function of their times."""
    network, params, times, units, _ = problem
    sample = _in_order(times[:1], units[:1])
    layers = _layer_events(network, params, sample)
    for layer, (arriving, spikes) in zip(_spiking_layers(params), itertools.pairwise(layers), strict=True):
        arriving, spikes = jax.tree.map(lambda x: x[0], (arriving, spikes))
        expected = reference.simulate(layer, arriving, duration=network.duration, delay=network.delay)
        report.spikes += int(expected.count)
        report.missed += count_missed(spikes, expected)
        weights = np.random.default_rng(0).normal(size=spikes.capacity)
        gradient = _layer_gradient(network, layer, arriving, weights)
        implicit = reference.implicit_gradient(layer, arriving, spikes, weights, delay=network.delay)
        for value, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(implicit), strict=True):
            report.implicit = float(np.maximum(report.implicit, relative_error(value, other)))


def count_missed(spikes: Events, expected: Events) -> int:
    """Spikes of one sample that one has and the other has not, or not at the same time."""
    counts = int(spikes.count), int(expected.count)
    (times, units), (other_times, other_units) = (
        (np.asarray(x.times)[: min(counts)], np.asarray(x.units)[: min(counts)]) for x in (spikes, expected)
    )
    same = (units == other_units) & (np.abs(times - other_times) < _SAME_TIME)
    return max(counts) - int(same.sum())


def table(report: Report) -> str:
    """The report in words and numbers."""
    losses = list(dict.fromkeys(loss for by_loss in report.errors.values() for loss in by_loss))
    lines = [f"{'relative error':<20}" + "".join(f"{loss:>10}" for loss in losses)]
    for kind, by_loss in report.errors.items():
        cells = (f"{by_loss[loss]:10.1e}" if loss in by_loss else f"{'-':>10}" for loss in losses)
        lines.append(f"{kind:<20}" + "".join(cells))
    verdict = "passed" if report.passed else "FAILED"
    return "\n".join(
        [
            *lines,
            "",
            f"against central differences:       {report.worst:.1e}, worst of {report.checked} derivatives"
            f" ({report.rejected} left out: events change order)",
            f"against implicit differentiation:  {report.implicit:.1e}",
            f"spikes missed or false:            {report.missed} of {report.spikes}",
            f"{verdict} (limit {LIMIT:g})",
        ]
    )


def record(report: Report, config: Config) -> dict[str, Any]:
    """The report as a record, see ``gradlab.records``."""
    reason = None if report.passed else f"an error exceeds {LIMIT:g}, or a spike was missed"
    metrics = {
        "worst_relative_error": report.worst,
        "errors": report.errors,
        "oracle_implicit_worst_relative_error": report.implicit,
        "spikes_missed": report.missed,
        "spikes_compared": report.spikes,
        "entries_checked": report.checked,
        "entries_rejected": report.rejected,
    }
    status = "ok" if report.passed else "diverged"
    settings = {"networks": config.networks, "seed": config.seed, "cases": CASES}
    return make_record(
        "check", None, "eventprop", "random", None, config.seed, status, settings, metrics, {}, reason=reason
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check and print what it found; returns the exit status."""
    config = tyro.cli(Config, description=__doc__, args=arguments)
    jax.config.update("jax_enable_x64", True)
    report = check_gradients(networks=config.networks, seed=config.seed, progress=True)
    print(table(report))
    if config.json:
        print(json.dumps(record(report, config)))
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
