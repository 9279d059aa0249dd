"""The gradient whose memory is measured: of every contestant, at any size, with or without data.

All differentiate the same loss of the same network with respect to its weights; the input is Poisson spikes. Weights
and input are drawn on the CPU, also where there is a GPU.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.data import SpikeData
from gradlab.methods import EventProp
from gradlab.methods.base import Capacity
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from gradlab.training.trained import split_params
from solvers.events import Events

from ..contestants import CONTESTANTS
from ..workload import Gradient, gradient_of, on_grid, poisson_data, room_for, tune_rate

_INPUTS, _OUTPUTS = 700, 20  # of SHD
_INPUT_RATE = 11.4  # [Hz] of each input channel, which makes SHD's number of spikes
_TUNED_ON = 16  # samples
_ROOM_UNIT = 64  # room for hidden spikes is a multiple of this
_SEED = 0


@dataclass(frozen=True)
class Size:
    """Size of a problem.

    Attributes:
        hidden: recurrent neurons.
        batch_size: samples.
        duration: of a recording [s].
        driven: how long there is input [s]; the rest is silence.
        dt: step of the time grid [s]; transmission takes 1 ms whatever it is.
        hidden_rate: that the hidden neurons are tuned to while there is input [Hz].
    """

    hidden: int = 256
    batch_size: int = 32
    duration: float = 1.4
    driven: float = 1.4
    dt: float = 1e-3
    hidden_rate: float = 10.0

    @property
    def network(self) -> Network:
        """The network."""
        return Network(_INPUTS, _OUTPUTS, hidden=(self.hidden,), duration=self.duration, input_rate=_INPUT_RATE)

    @property
    def config(self) -> TrainConfig:
        """Settings of the training whose gradient it is."""
        return TrainConfig(batch_size=self.batch_size, seed=_SEED)

    @property
    def exact(self) -> Objective:
        """Runs the network event by event, on the CPU."""
        return Objective(self.network, self.config, EventProp(engine="numba"))

    def data(self) -> SpikeData:
        """A batch of input."""
        return poisson_data(self.batch_size, _INPUTS, _INPUT_RATE, self.driven, _OUTPUTS, _SEED)


class Activity(NamedTuple):
    """How active a network is, and the room that this takes.

    Attributes:
        input_spikes: mean of a sample.
        input_capacity: of the fullest sample.
        hidden_spikes: mean of a sample.
        room: for hidden spikes in continuous time.
    """

    input_spikes: float
    input_capacity: int
    hidden_spikes: float
    room: Capacity


class Problem(NamedTuple):
    """Loss and gradient, and their arguments, arrays or only their shapes.

    Attributes:
        functions: of ``arguments``; the gradient is that with respect to the first.
        weights: trained.
        constants: of the network.
        spikes: input, as the contestant wants it: events, or spike counts on the grid.
        labels: of the samples.
    """

    functions: Gradient
    weights: NetworkParams
    constants: NetworkParams
    spikes: Any
    labels: Any

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Of the functions."""
        return self[1:]

    @property
    def input_bytes(self) -> int:
        """Bytes of the input spikes."""
        return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(self.spikes))


def _on_cpu() -> AbstractContextManager[Any]:
    return jax.default_device(jax.devices("cpu")[0])


@lru_cache
def _tuned_params(hidden: int, driven: float, rate: float) -> NetworkParams:
    size = Size(hidden, _TUNED_ON, driven, driven, hidden_rate=rate)
    with _on_cpu():
        return tune_rate(size.exact, size.exact.init(), size.data(), rate)[0]


@lru_cache(maxsize=1)
def draw(size: Size) -> tuple[NetworkParams, Events, jax.Array]:
    """Tuned parameters and a batch of input."""
    with _on_cpu():
        events, labels = jax.tree.map(jnp.asarray, size.exact.batch(size.data(), np.arange(size.batch_size)))
    return _tuned_params(size.hidden, size.driven, size.hidden_rate), events, labels


@lru_cache
def activity(size: Size) -> Activity:
    """Simulates a batch."""
    params, events, _ = draw(size)
    with _on_cpu():
        counts = np.asarray(size.exact.forward(params, events).spikes[0].count)
    return Activity(
        float(events.count.mean()), events.capacity, float(counts.mean()), room_for(counts, _ROOM_UNIT)
    )  # fmt: skip


def shapes(size: Size, input_capacity: int) -> tuple[NetworkParams, Events, jax.ShapeDtypeStruct]:
    """Like ``draw``, shapes only."""
    array: Any = jax.ShapeDtypeStruct
    room = (size.batch_size, input_capacity)
    events = Events(array(room, jnp.float32), array(room, jnp.int32), array(room[:1], jnp.int32))
    return jax.eval_shape(size.network.init, jax.random.key(0)), events, array(room[:1], jnp.int32)


def problem(
    name: str, size: Size, params: NetworkParams, events: Events, labels: Any, room: Capacity, engine: str
) -> Problem:
    """The problem of a contestant, from what ``draw`` or ``shapes`` returns.

    Args:
        name: key of ``CONTESTANTS``.
        size: of the problem.
        params: of the network.
        events: input.
        labels: classes.
        room: for hidden spikes, in continuous time.
        engine: of EventProp.
    """
    contestant = CONTESTANTS[name].with_options(dt=size.dt, engine=engine)
    functions = gradient_of(contestant, size.network, size.config, (room,))
    spikes: Any = events
    if contestant.scan:
        binned = partial(on_grid, network=size.network, dt=size.dt, dtype=contestant.dtype)
        spikes = binned(events) if isinstance(labels, jax.Array) else jax.eval_shape(binned, events)
    return Problem(functions, *split_params(params), spikes, labels)


def gradient_at(
    method: str, room: Sequence[int], engine: str, **size: Any
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What is called in a process of its own: see ``gradlab.measuring.memory.peak_in_fresh_process``."""
    drawn = Size(**size)
    made = problem(method, drawn, *draw(drawn), Capacity(*room), engine)
    return made.functions.gradient, made.arguments
