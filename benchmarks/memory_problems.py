"""The gradient whose memory ``benchmarks.memory_scaling`` measures: of every method, at any size, with or without data.

All methods differentiate the same loss of the same network with respect to its weights; the input is Poisson spikes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradlab import BPTTTrainer, EventPropTrainer, Network, NetworkParams, TrainConfig
from gradlab.data import batch
from gradlab.recipe import split_params
from solvers.bptt import time_grid
from solvers.events import Events, to_grid

from .workload import plain_bptt_loss, poisson_data, tune_rate

METHODS = ("eventprop", "bptt_scan", "bptt", "bptt_checkpointed")
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

    def network(self, engine: str = "auto") -> Network:
        """The network."""
        return Network(_INPUTS, (self.hidden,), _OUTPUTS, duration=self.duration, engine=engine)


class Activity(NamedTuple):
    """How active a network is, and the room that this takes.

    Attributes:
        input_spikes: mean of a sample.
        input_capacity: of the fullest sample.
        hidden_spikes: mean of a sample.
        capacity: room for a sample's hidden spikes with EventProp, which fits the busiest sample.
    """

    input_spikes: float
    input_capacity: int
    hidden_spikes: float
    capacity: int


class Problem(NamedTuple):
    """A loss and its arguments, arrays or only their shapes.

    Attributes:
        function: of ``arguments``; to be differentiated with respect to the first.
        weights: trained.
        constants: of the network.
        spikes: input, as the method wants it: events, or spike counts on the grid (``bptt_scan``).
        labels: of the samples.
    """

    function: Callable[..., jax.Array]
    weights: NetworkParams
    constants: NetworkParams
    spikes: Any
    labels: Any

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Of the function."""
        return self[1:]

    @property
    def input_bytes(self) -> int:
        """Bytes of the input spikes."""
        return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(self.spikes))


def _data(size: Size, samples: int):
    return poisson_data(samples, _INPUTS, _INPUT_RATE, size.driven, _OUTPUTS, _SEED)


@lru_cache
def _tuned_params(hidden: int, driven: float, rate: float) -> NetworkParams:
    size = Size(hidden, _TUNED_ON, driven, driven, hidden_rate=rate)
    trainer = EventPropTrainer(size.network(), TrainConfig(batch_size=_TUNED_ON, seed=_SEED))
    return tune_rate(trainer, trainer.init(), _data(size, _TUNED_ON), rate)[0]


def draw(size: Size) -> tuple[NetworkParams, Events, jax.Array]:
    """Tuned parameters and a batch of input."""
    data = _data(size, size.batch_size)
    events, labels = batch(data, np.arange(size.batch_size), data.longest)
    return _tuned_params(size.hidden, size.driven, size.hidden_rate), *jax.tree.map(jnp.asarray, (events, labels))


@lru_cache
def activity(size: Size) -> Activity:
    """Simulates a batch."""
    params, events, labels = draw(size)
    trainer = EventPropTrainer(size.network(), TrainConfig(batch_size=size.batch_size, seed=_SEED))
    counts = np.asarray(trainer.gradient(params, events, labels)[1].spikes[0].count)
    room = max(1, -(-int(counts.max()) // _ROOM_UNIT)) * _ROOM_UNIT
    return Activity(float(events.count.mean()), events.capacity, float(counts.mean()), room)


def shapes(size: Size, input_capacity: int) -> tuple[NetworkParams, Events, jax.ShapeDtypeStruct]:
    """Like ``draw``, shapes only."""
    array: Any = jax.ShapeDtypeStruct
    room = (size.batch_size, input_capacity)
    events = Events(array(room, jnp.float32), array(room, jnp.int32), array(room[:1], jnp.int32))
    return jax.eval_shape(size.network().init, jax.random.key(0)), events, array(room[:1], jnp.int32)


def problem(method: str, size: Size, params, events, labels, capacity: int, engine: str) -> Problem:
    """The problem of a method, from what ``draw`` or ``shapes`` returns.

    Args:
        method: one of ``METHODS``.
        size: of the problem.
        params: of the network.
        events: input.
        labels: classes.
        capacity: room for a sample's hidden spikes, with EventProp.
        engine: of EventProp.
    """
    network, config = size.network(engine), TrainConfig(batch_size=size.batch_size, seed=_SEED)
    weights, constants = split_params(params)
    if method == "bptt_scan":
        trainer = BPTTTrainer(network, config, dt=size.dt)
        steps = time_grid(size.duration, size.dt, network.delay).steps
        on_grid = lambda e: jnp.moveaxis(to_grid(e, _INPUTS, steps, size.dt), 1, 0)  # noqa: E731
        known = isinstance(labels, jax.Array)
        grid = on_grid(events) if known else jax.eval_shape(on_grid, events)
        return Problem(partial(plain_bptt_loss, trainer), weights, constants, grid, labels)
    chosen = (
        EventPropTrainer(network, config)
        if method == "eventprop"
        else BPTTTrainer(network, config, dt=size.dt, checkpoint=method == "bptt_checkpointed")
    )

    def loss(weights, constants, events, labels):
        return chosen.objective(weights, constants, events, labels, (capacity,))[0]

    return Problem(loss, weights, constants, events, labels)


def gradient_of(method: str, capacity: int, engine: str, **size: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What is called in a process of its own: see ``gradlab.memory.peak_in_fresh_process``."""
    drawn = Size(**size)
    made = problem(method, drawn, *draw(drawn), capacity, engine)
    return jax.grad(made.function), made.arguments
