"""What a network does in one sample: its spikes and voltages, in each simulator; the adjoint is in ``backwards``."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from solvers import bptt
from solvers.eventprop import AUTO, ENGINES, lif_layer
from solvers.events import Events, pad_events
from solvers.neurons.lif import LIFParams
from solvers.neurons.refractory import DeadTimeParams
from solvers.reference import traces
from solvers.reference.traces import Trace, Train

from ..methods import BPTT, Method
from ..methods.base import Capacity
from ..networks.encode import Sample
from ..networks.network import Network
from ..networks.params import NetworkParams
from ..training.room import Room


class Inside(NamedTuple):
    """What a network does with one sample, in double precision.

    Attributes:
        network: structure and settings.
        params: of the network.
        method: whose simulator it is.
        inputs: times [s] and channels of the input as the first layer sees it.
        spikes: times [s] and neurons of the spikes of each spiking layer.
    """

    network: Network
    params: NetworkParams
    method: Method
    inputs: Train
    spikes: tuple[Train, ...]

    @property
    def on_grid(self) -> BPTT | None:
        """What runs the network on a time grid; None in continuous time."""
        found: BPTT | None = self.method.on_grid
        return found

    @property
    def layers(self) -> list[Any]:
        """Parameters of the layers that spike."""
        return self.network.spiking_layers(self.params)

    @property
    def arriving(self) -> tuple[Train, ...]:
        """What each spiking layer hears, and after them the readout."""
        return (self.inputs, *self.spikes)

    def steps(self, times: ArrayLike) -> np.ndarray:
        """The grid points nearest to some times, of a clock-driven method."""
        assert self.on_grid is not None
        grid = bptt.time_grid(self.network.duration, self.on_grid.dt, self.network.delay)
        return np.clip(np.rint(np.asarray(times) / grid.dt).astype(int), 0, grid.steps - 1)


def look_inside(network: Network, params: NetworkParams, method: Method, sample: Sample) -> Inside:
    """Run a network on one sample.

    Args:
        network: structure and settings.
        params: of the network.
        method: whose simulator is taken; without its noise, if spikes are drawn.
        sample: times [s] and channels.

    Raises:
        ValueError: for impossible input.
        Runaway: if it spikes too much.
    """
    with jax.enable_x64(True):
        params = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), params)
        times, units = network.encode(sample)
        inside = np.asarray(times) < network.duration
        times, units = np.asarray(times, np.float64)[inside], np.asarray(units)[inside]
        layers = network.spiking_layers(params)
        if (on_grid := method.on_grid) is not None:
            events = pad_events([(np.rint(times / on_grid.dt) * on_grid.dt, units)])
            found = _on_grid(network, layers, on_grid, events)
        else:
            events = pad_events([(times, units)])
            engine = getattr(method, "engine", AUTO)
            if engine != AUTO and "float64" not in ENGINES[engine].dtypes:
                engine = AUTO
            found = _in_continuous_time(network, layers, engine, events)
        return Inside(network, params, method, _train(events), tuple(map(_train, found)))


def voltages(inside: Inside, times: ArrayLike) -> tuple[Trace, ...]:
    """Voltages and synaptic currents of each spiking layer, and of a leaky readout as the last.

    Args:
        inside: what the network does.
        times: at which they are asked for [s]; on a time grid those of the nearest points.

    Returns:
        Of each layer ``[times, neurons]``, just before what happens then.

    Raises:
        ValueError: for neurons without a closed form, delays of synapses, or delays on a time grid.
    """
    check_closed_form(inside)
    if inside.on_grid is not None:
        times = inside.steps(times) * inside.on_grid.dt
    found = [
        traces.states(layer, arriving, spikes, times, delay=inside.network.delay)
        for layer, arriving, spikes in zip(inside.layers, inside.arriving, inside.spikes, strict=False)
    ]
    if not inside.network.readout.spiking:
        silent = np.zeros(0), np.zeros(0, int)
        found.append(traces.states(inside.params.readout, inside.arriving[-1], silent, times, delay=0.0))
    return tuple(found)


def check_closed_form(inside: Inside) -> None:
    """Refuse a network whose voltages have none.

    Raises:
        ValueError: says why.
    """
    network = inside.network
    if not isinstance(inside.layers[0], LIFParams | DeadTimeParams):
        raise ValueError(
            f"neuron is {network.neuron}, expected one with voltages in closed form: lif, dead-time, clamp"
        )
    if inside.on_grid is not None and network.has_delays:
        raise ValueError(
            "the network has delays as parameters, which a time grid interpolates: look at it in EventProp"
        )


def _in_continuous_time(network: Network, layers: Sequence[Any], engine: str, events: Events) -> list[Events]:
    def run(room: tuple[Capacity, ...]) -> list[Events]:
        spikes, before = [], events
        for layer, (capacity, _) in zip(layers, room, strict=True):
            before = lif_layer(
                layer, before, duration=network.duration, capacity=capacity, delay=network.delay, engine=engine
            )
            spikes.append(before)
        return spikes

    needed = lambda spikes: jnp.stack([jnp.stack([each.count.max(), 0]) for each in spikes], 1)  # noqa: E731
    return Room(network, limited=True).call(run, needed)


def _on_grid(network: Network, layers: Sequence[Any], method: BPTT, events: Events) -> list[Events]:
    spikes, before = [], events
    for layer in layers:
        fired = bptt.lif_layer(
            layer, before, duration=network.duration, dt=method.dt, delay=network.delay, surrogate=method.surrogate
        )
        steps, units = np.nonzero(np.asarray(fired[0]))
        before = pad_events([(steps * method.dt, units)])
        spikes.append(before)
    return spikes


def _train(events: Events) -> Train:
    used = int(events.count[0])
    return np.asarray(events.times[0])[:used], np.asarray(events.units[0])[:used]
