"""Random small networks on which gradients are checked, and what is computed on them."""

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float, Int

from solvers.delays import Delays, Positions, delays_of
from solvers.eventprop import lif_layer
from solvers.events import Events
from solvers.neurons import neuron_of
from solvers.neurons.refractory import LIFLike
from solvers.reference import ode

from ..methods import EventProp
from ..networks.delays import POSITIONS, side
from ..networks.losses import cross_entropy
from ..networks.network import Network
from ..networks.params import NetworkParams, named_leaves
from ..networks.readouts import FirstSpike, ReadoutParams
from .cases import AXONS, Case

_INPUTS, _OUTPUTS, _BATCH, _EVENTS = 5, 4, 2, 24
_DURATION, _CAPACITY = 60e-3, 64
_SPIKES = (5, 40)  # of a layer in a sample, least and most
EXACT = EventProp()  # the method that is checked, with the engine that suits the machine
_PERIOD = (3e-3, 6e-3)  # range of the refractory period [s]
_COMPARED = 5e-3  # [s]: first spikes are compared over this, for over less most gradients vanish in these networks
_SAME_TIME = 1e-9  # [s]; a spike no later than this after the end of a dead time comes at its end


class Problem(NamedTuple):
    """A network with its parameters and a batch: one spike for each time and unit, in any order."""

    network: Network
    method: EventProp
    params: NetworkParams
    times: Float[Array, "batch events"]
    units: Int[Array, "batch events"]


def draw_problem(case: Case, loss: str, seed: Sequence[int], method: EventProp = EXACT) -> Problem:
    """A random network of moderate activity and a random input."""
    rng = np.random.default_rng([*seed, *case.name.encode(), *loss.encode()])
    network = Network(
        _INPUTS, _OUTPUTS, hidden=case.hidden, loss=loss, duration=_DURATION, delay=case.delay, neuron=case.neuron
    )
    while True:
        params = _draw_params(network, case, rng)
        uniform = rng.uniform(0.1 * _DURATION, 0.9 * _DURATION, (_BATCH, _EVENTS))
        times = jnp.asarray(np.round(uniform / case.grid) * case.grid if case.grid else uniform)
        units = jnp.asarray(rng.integers(0, _INPUTS, (_BATCH, _EVENTS)), jnp.int32)
        _, *spikes = layer_events(method, case.delay, params, in_order(times, units))
        if all(((s.count >= _SPIKES[0]) & (s.count <= _SPIKES[1])).all() for s in spikes):
            return Problem(network, method, params, times, units)


def _draw_params(network: Network, case: Case, rng: np.random.Generator) -> NetworkParams:
    """The network's parameters with weights and constants that suit a check."""
    params = jax.eval_shape(network.init, jax.random.key(0))

    def drawn(layer: LIFLike, drive: float, delayed: str = AXONS) -> Any:
        size = () if case.shared else layer.neurons
        tau_mem = rng.uniform(*case.tau_mem, size)
        tau_syn = tau_mem if case.tau_syn is None else rng.uniform(*case.tau_syn, size)
        unit = 5e-3 / np.mean(tau_syn)  # of weights: what keeps the mean current the same
        values: dict[str, Any] = {
            "w_in": case.drive * unit * drive * rng.normal(1, 0.6, layer.w_in.shape),
            "w_rec": None if layer.w_rec is None else unit * rng.normal(0, 0.3, layer.w_rec.shape),
            "tau_mem": tau_mem,
            "tau_syn": tau_syn,
            "threshold": rng.uniform(0.8, 1.2, size),
            "reset": rng.uniform(-0.2, 0.2, size),
        }
        if network.neuron_model.refractory is not None:
            values[network.neuron_model.refractory] = rng.uniform(*_PERIOD, size)
        if case.delays and layer.w_rec is not None:
            values["delays"] = _draw_delays(case, delayed, layer, rng)
        return network.neuron_model.params(**jax.tree.map(jnp.asarray, values))

    depths = zip(params.layers, itertools.cycle(case.delayed), strict=False)
    layers = tuple(drawn(layer, 0.8 if depth == 0 else 1.2, each) for depth, (layer, each) in enumerate(depths))
    if not isinstance(params.readout, ReadoutParams):
        return NetworkParams(layers, drawn(params.readout, 1.2))
    tau_mem = rng.uniform(*case.tau_mem)
    tau_syn = tau_mem if case.tau_syn is None else rng.uniform(*case.tau_syn)
    w = rng.normal(0, 1, params.readout.w.shape)
    return NetworkParams(layers, ReadoutParams(jnp.asarray(w), jnp.asarray(tau_mem), jnp.asarray(tau_syn)))


def _draw_delays(case: Case, delayed: str, layer: LIFLike, rng: np.random.Generator) -> Delays | Positions:
    sizes = layer.inputs, layer.neurons
    if delayed == POSITIONS:
        return Positions(*(jnp.asarray(rng.uniform(0, side(case.delays), (n, 3))) for n in sizes))
    least = 0.1 * case.delays  # so that all can be changed to both sides
    shapes = [(n,) if delayed == AXONS else (n, layer.neurons) for n in sizes]
    return Delays(*(jnp.asarray(rng.uniform(least, case.delays, shape)) for shape in shapes))


def spiking_layers(params: NetworkParams) -> tuple[Any, ...]:
    """All layers that spike."""
    return params.layers if isinstance(params.readout, ReadoutParams) else (*params.layers, params.readout)


def periods_end(layer: LIFLike, spikes: Events) -> Array | None:
    """When the refractory period after each spike ends [s]; None if there is none."""
    if (period := neuron_of(layer).period(layer)) is None:
        return None
    return spikes.times + jnp.broadcast_to(period, (layer.neurons,))[spikes.units]


def at_periods_end(layer: LIFLike, spikes: Events) -> int:
    """How many spikes come at the very end of a dead time."""
    number, ends = 0, np.asarray(periods_end(layer, spikes))
    for times, units, until in zip(np.asarray(spikes.times), np.asarray(spikes.units), ends, strict=True):
        for unit in range(layer.neurons):
            own = units == unit
            number += int(np.count_nonzero(np.abs(times[own][1:] - until[own][:-1]) < _SAME_TIME))
    return number


def kinds(params: NetworkParams) -> list[str]:
    """The row of the table to which each array of ``(params, input times)`` belongs, in the order of a pytree."""
    parts: tuple[Any, ...] = (*params.layers, params.readout)
    *layers, readout = map(named_leaves, parts)
    of_readout = ["w_out" if name in ("w", "w_in") else f"readout {name}" for name in readout]
    return [*itertools.chain(*layers), *of_readout, "input times"]


@jax.jit
def in_order(times: Array, units: Array) -> Events:
    """A batch of events, sorted; differentiable."""
    order = jnp.argsort(times, axis=1)
    count = jnp.full(len(times), times.shape[1], jnp.int32)
    return Events(jnp.take_along_axis(times, order, 1), jnp.take_along_axis(units, order, 1), count)


@partial(jax.jit, static_argnums=(0, 1))
def layer_events(method: EventProp, delay: float, params: NetworkParams, events: Events) -> list[Events]:
    """The input of the first layer and the spikes of each spiking layer."""
    result = [events]
    for layer in spiking_layers(params):
        result.append(lif_layer(layer, result[-1], **_settings(method, delay)))
    return result


def _settings(method: EventProp, delay: float) -> dict[str, Any]:
    return {"duration": _DURATION, "capacity": _CAPACITY, "delay": delay, "engine": method.engine}


def _loss(
    network: Network, method: EventProp, params: NetworkParams, times: Array, units: Array
) -> tuple[Array, tuple[Events, ...]]:
    """Loss if the least likely classes are the labels, so that no gradient is tiny; events of all hidden layers."""
    events = in_order(times, units)
    room = (_CAPACITY,) * len(network.spiking_sizes)
    output = method.forward(network, params, events, room, jax.random.key(0))
    readout = network.readout
    logits = output.logits * (readout.scale / _COMPARED if isinstance(readout, FirstSpike) else 1)
    return cross_entropy(logits, jnp.argmin(logits, -1)), (events, *output.spikes)


def _sequence(network: Network, method: EventProp, params: NetworkParams, layers: Sequence[Events]) -> Array:
    """What must not change for the loss to be smooth: which neurons spike, and between which arrivals.

    With refractory periods also which spikes come at their very end, and between which arrivals they end.
    """
    if not isinstance(params.readout, ReadoutParams):
        layers = [*layers, lif_layer(params.readout, layers[-1], **_settings(method, network.delay))]
    parts = []
    for layer, (events, spikes) in zip(spiking_layers(params), itertools.pairwise(layers), strict=True):
        of_inputs, of_own = delays_of(layer)
        arriving = _at_neurons(events, of_inputs, spikes.units)
        returning = _at_neurons(spikes, of_own, spikes.units) + network.delay
        parts += [spikes.units, _earlier(arriving, spikes.times), _earlier(returning, spikes.times)]
        if (ends := periods_end(layer, spikes)) is not None:
            own = spikes.times[:, None, :]  # at the very end, and returning then without a delay: engines round it
            parts += [_earlier(x, ends) for x in (arriving, returning - _SAME_TIME, own - _SAME_TIME)]
    return jnp.stack(parts)


def _at_neurons(events: Events, lags: Array | None, neurons: Array) -> Float[Array, "batch _ events"]:
    """When events arrive at the neuron of each moment."""
    times, units = events.times[:, None, :], events.units[:, None, :]
    if lags is None:
        return times
    return times + (lags[units] if lags.ndim == 1 else lags[units, neurons[:, :, None]])


def _earlier(times: Array, moments: Array) -> Array:
    """A number that tells which times at a moment, in any order, are earlier than it."""
    code = (1 + jnp.arange(times.shape[2])) ** 3
    return jnp.sum(jnp.where(times < moments[:, :, None], code, 0), 2)


@partial(jax.jit, static_argnums=(0, 1))
def evaluate(
    network: Network, method: EventProp, params: NetworkParams, times: Array, units: Array,
    points: Float[Array | np.ndarray, "points variables"],
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Loss and sequence of events at many points, and the gradient at the first.

    A point are parameters and input times in one vector.
    """
    _, unravel = ravel_pytree((params, times))

    def one(point: Array) -> tuple[Array, Array]:
        params, times = unravel(point)
        loss, layers = _loss(network, method, params, times, units)
        return loss, _sequence(network, method, params, layers)

    losses, sequences = jax.lax.map(one, points)
    return losses, sequences, jax.grad(lambda point: one(point)[0])(jnp.asarray(points[0]))


@partial(jax.jit, static_argnums=(0, 1))
def layer_gradient(
    method: EventProp, delay: float, layer: LIFLike, events: Events, weights: Array | np.ndarray
) -> tuple[LIFLike, Array]:
    """Gradient of a weighted sum of the spike times of one layer."""

    def total(layer: LIFLike, times: Array) -> Array:
        spikes = lif_layer(layer, events._replace(times=times), **_settings(method, delay))
        return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0))

    return jax.grad(total, (0, 1))(layer, events.times)


@jax.jit
def oracle_gradient(
    delay: ArrayLike, layer: LIFLike, events: Events, weights: Array | np.ndarray
) -> tuple[Events, Any]:
    """Spikes of one layer, and what ``layer_gradient`` gives, both by a general solver of differential equations."""

    def total(layer: LIFLike, times: Array) -> tuple[Array, Events]:
        spikes = ode.simulate(
            neuron_of(layer), layer, events._replace(times=times),
            duration=_DURATION, delay=jnp.asarray(delay), capacity=_SPIKES[1],
        )  # fmt: skip
        return jnp.sum(jnp.where(spikes.valid, weights[: _SPIKES[1]] * spikes.times, 0)), spikes

    gradient, spikes = jax.grad(total, (0, 1), has_aux=True)(layer, events.times)
    return spikes, gradient
