"""What is measured: Poisson input at a known rate, hidden neurons tuned to another, and the losses to differentiate."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gradlab import BPTTTrainer, EventPropTrainer, Network, NetworkParams, TrainConfig
from gradlab.data import SpikeData, batch
from gradlab.losses import cross_entropy, rate_regularisation
from gradlab.recipe import split_params
from gradlab.runner import Runaway
from gradlab.train import Trainer
from solvers.bptt import time_grid
from solvers.events import to_grid
from solvers.reference import bptt_scan

from .limit import Limit

_CAPACITY_UNIT = 256  # room for EventProp's spikes is a multiple of this
_FACTORS = (0.5, 2.0), (0.05, 20.0)  # between which input weights are scaled to reach a rate; in turn
_BISECTIONS = 12
_CLOSE_ENOUGH = 0.01  # relative error of the rate


class Objective(NamedTuple):
    """A loss as a function of the trained parameters.

    Attributes:
        function: of ``(trained, *arguments)``.
        trained: weights, see ``gradlab.recipe.split_params``.
        arguments: everything else.
    """

    function: Callable[..., Float[Array, ""]]
    trained: NetworkParams
    arguments: tuple[Any, ...]

    @property
    def all_arguments(self) -> tuple[Any, ...]:
        """Of the function."""
        return self.trained, *self.arguments


class Workload(NamedTuple):
    """The same problem for all methods.

    Attributes:
        objectives: by method: ``eventprop``, ``eventprop_per_neuron`` (the same time constants as arrays),
            ``eventprop_silence`` (the trial goes on for ten times its duration, without input), ``bptt``,
            ``bptt_checkpointed``, ``bptt_scan``.
        limit: the unavoidable arithmetic.
        rate: of the hidden neurons [Hz].
        input_spikes: mean of a sample.
        hidden_spikes: mean of a sample.
        capacity: room for a sample's hidden spikes with EventProp, which fits the busiest sample.
        steps: of the time grid.
        input_grid_bytes: size of the binned input, which only ``bptt_scan`` needs.
    """

    objectives: dict[str, Objective]
    limit: Limit
    rate: float
    input_spikes: float
    hidden_spikes: float
    capacity: int
    steps: int
    input_grid_bytes: int


def poisson_data(samples: int, inputs: int, rate: float, duration: float, classes: int, seed: int) -> SpikeData:
    """Independent Poisson spike trains of one rate [Hz], until ``duration`` [s]; labels are random."""
    rng = np.random.default_rng(seed)
    sizes = rng.poisson(inputs * rate * duration, samples)
    times = [np.sort(rng.uniform(0, duration, size)) for size in sizes]
    units = [rng.integers(0, inputs, size) for size in sizes]
    labels = rng.integers(0, classes, samples)
    return SpikeData.from_samples("poisson", times, units, labels, np.zeros(samples), inputs=inputs, classes=classes)


def tune_rate(trainer: Trainer, params: NetworkParams, data: SpikeData, rate: float) -> tuple[NetworkParams, float]:
    """Scale the input weights so that the hidden neurons fire at a rate, by bisection.

    Args:
        trainer: runs the network.
        params: of a network with one hidden layer.
        data: input.
        rate: wanted mean rate of a hidden neuron [Hz].

    Returns:
        The scaled parameters and the rate reached, which is the closest one found.
    """
    layer, scale = params.layers[0], trainer.network.hidden[0] * trainer.network.duration
    found = []
    for low, high in _FACTORS:
        for _ in range(_BISECTIONS):
            factor = (low + high) / 2
            scaled = params._replace(layers=(layer._replace(w_in=factor * layer.w_in),))
            try:
                reached = trainer.evaluate(scaled, data)["spikes_per_sample"] / scale
            except Runaway:
                reached = math.inf
            found.append((scaled, reached))
            if abs(reached / rate - 1) < _CLOSE_ENOUGH:
                return found[-1]
            low, high = (factor, high) if reached < rate else (low, factor)
    return min(found, key=lambda entry: abs(entry[1] - rate))


def plain_bptt_loss(
    trainer: BPTTTrainer, trained: NetworkParams, constant: NetworkParams,
    grid: Float[Array, "steps batch inputs"], labels: Int[Array, " batch"],
) -> Float[Array, ""]:  # fmt: skip
    """The trainer's objective with ``solvers.reference.bptt_scan``: textbook BPTT, its reverse pass left to autodiff.

    The input is binned beforehand, as is usual with it.
    """
    network, config, params = trainer.network, trainer.config, eqx.combine(trained, constant)
    settings: dict[str, Any] = trainer.settings
    dt, surrogate, reset_gradient = (settings[name] for name in ("dt", "surrogate", "reset_gradient"))
    delay = time_grid(network.duration, dt, network.delay).delay
    fired = bptt_scan(params.layers, grid, dt=dt, delay=delay, surrogate=surrogate, reset_gradient=reset_gradient)
    steps, size, neurons = fired[-1].shape
    observer = network.readout.observer(params.readout, network.duration, dt)
    times = dt * jnp.arange(steps, dtype=grid.dtype)
    look = lambda seen, inputs: (observer.step(seen, *inputs), None)  # noqa: E731
    seen, _ = jax.lax.scan(look, observer.init(size, neurons, grid.dtype), (fired[-1], times))
    penalty = rate_regularisation(tuple(s.sum(0) for s in fired), config.rate_strength, config.rate_target)
    return cross_entropy(network.readout.from_state(params.readout, seen, network.duration), labels) + penalty


def make_workload(
    network: Network, *, samples: int, input_rate: float, hidden_rate: float, dt: float, seed: int
) -> Workload:
    """Input, parameters that make the hidden neurons fire at the wanted rate, and the objective of each method.

    Args:
        network: with one hidden layer.
        samples: in the batch.
        input_rate: of each input channel [Hz].
        hidden_rate: wanted mean of the hidden neurons [Hz].
        dt: step of the grid [s].
        seed: of input and weights.
    """
    config = TrainConfig(batch_size=samples, seed=seed)
    data = poisson_data(samples, network.inputs, input_rate, network.duration, network.outputs, seed)
    eventprop = EventPropTrainer(network, config)
    params, rate = tune_rate(eventprop, eventprop.init(), data, hidden_rate)
    events, labels = jax.tree.map(jnp.asarray, batch(data, np.arange(samples), data.longest))
    hidden_spikes = eventprop.gradient(params, events, labels)[1].spikes[0]
    counts = np.asarray(hidden_spikes.count)
    capacity = max(1, -(-int(counts.max()) // _CAPACITY_UNIT)) * _CAPACITY_UNIT

    bptt, checkpointed = (BPTTTrainer(network, config, dt=dt, checkpoint=flag) for flag in (False, True))
    steps = time_grid(network.duration, dt, network.delay).steps
    grid = jnp.moveaxis(to_grid(events, network.inputs, steps, dt), 1, 0)
    trained, constant = split_params(params)

    def loss(trainer, *arguments):
        return trainer.objective(*arguments, (capacity,))[0]

    trainers = {"eventprop": eventprop, "bptt": bptt, "bptt_checkpointed": checkpointed}
    objectives = {
        name: Objective(partial(loss, trainer), trained, (constant, events, labels))
        for name, trainer in trainers.items()
    }
    objectives["bptt_scan"] = Objective(partial(plain_bptt_loss, bptt), trained, (constant, grid, labels))
    each = jax.tree.map(lambda x: jnp.broadcast_to(x, network.hidden), constant.layers)
    objectives["eventprop_per_neuron"] = objectives["eventprop"]._replace(
        arguments=(constant._replace(layers=each), events, labels)
    )
    silent = EventPropTrainer(replace(network, duration=10 * network.duration), config)
    objectives["eventprop_silence"] = objectives["eventprop"]._replace(function=partial(loss, silent))
    limit = Limit(params.layers[0], events, hidden_spikes, network.delay)
    spikes = float(data.spikes_per_sample.mean()), float(counts.mean())
    return Workload(objectives, limit, rate, spikes[0], spikes[1], capacity, steps, grid.nbytes)
