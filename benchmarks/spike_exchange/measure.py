"""Bytes that two processes exchange, by delay and by number of neurons, and whether their spikes are right."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.command import RUNS, Outcome
from gradlab.methods import EventProp
from gradlab.networks.network import Network
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from solvers.eventprop import lif_layer
from solvers.events import pad_events
from solvers.fields import Count, Counts, Positive, Seed, check_fields

from ..workload import poisson_data, tune_rate
from .exchange import SPIKE, Exchanged, Problem, simulate_together

_STATE_BYTES = 16  # voltage and current of a neuron, in double precision
_ROOM = 20  # times the spikes that there should be


@dataclass(frozen=True)
class Config:
    """Spikes that two processes exchange once a delay, each with half of the neurons, in double precision.

    Attributes:
        neurons: recurrent neurons, of each network.
        delays: of recurrent transmission [s], each tried with each network.
        inputs: input channels.
        input_rate: of each input channel [Hz].
        hidden_rate: that the neurons are tuned to, at the first delay [Hz].
        duration: of the simulation [s].
        dt: step of the grid on which a bit for each neuron is counted for comparison [s].
        seed: of input and weights.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    neurons: Counts = (64, 128, 256, 512)
    delays: tuple[Positive, ...] = (1e-3, 2e-3, 5e-3, 1e-2)
    inputs: Count = 100
    input_rate: Positive = 20.0
    hidden_rate: Positive = 10.0
    duration: Positive = 0.2
    dt: Positive = 1e-3
    seed: Seed = 0
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
        if not self.delays:
            raise ValueError("delays are empty, expected one or more [s]")
        if min(self.neurons) < 2:
            raise ValueError(f"neurons has {min(self.neurons)}, expected 2 or more, which two processes can share")


def measure(config: Config) -> Outcome:
    """Simulate each network with each delay by one process and by two.

    Raises:
        ValueError: unless JAX computes in double precision; for impossible settings or runaway activity.
    """
    if jnp.zeros(0).dtype != jnp.float64:
        raise ValueError("spike_exchange needs double precision: set jax_enable_x64 first")
    problems = [problem for neurons in config.neurons for problem in _problems(config, neurons)]
    alone = [_alone(config, problem) for problem in problems]
    together = simulate_together(problems)
    points = [_point(config, *each) for each in zip(problems, alone, together, strict=True)]
    errors = [point["largest_time_error_s"] for point in points]
    metrics = {
        "networks_with_other_spikes": errors.count(None),
        "largest_time_error_s": None if None in errors else max(errors),
        "bytes_a_spike": SPIKE.itemsize,
        "bytes_a_neuron_state": _STATE_BYTES,
    }
    return Outcome(metrics, {"points": points}, dataset="poisson", hidden=max(config.neurons), seed=config.seed)


def _problems(config: Config, neurons: int) -> list[Problem]:
    """One network with each delay."""
    network = Network(config.inputs, 2, hidden=(neurons,), duration=config.duration, delay=config.delays[0])
    data = poisson_data(1, config.inputs, config.input_rate, config.duration, 2, config.seed)
    objective = Objective(network, TrainConfig(batch_size=1, seed=config.seed), EventProp())
    tuned, _ = tune_rate(objective, objective.init(data), data, config.hidden_rate)
    params: Any = jax.tree.map(lambda x: np.asarray(x, np.float64), tuned.layers[0])
    times, units = data.sample(0)
    times = np.asarray(times, np.float64)
    return [Problem(params, times, units, config.duration, delay) for delay in config.delays]


def _alone(config: Config, problem: Problem) -> np.ndarray:
    """The spikes by the engine that trains, in one process."""
    neurons = problem.params.neurons
    room = int(_ROOM * neurons * max(1, config.hidden_rate * config.duration))
    spikes = lif_layer(
        jax.tree.map(jnp.asarray, problem.params), pad_events([(problem.times, problem.units)]),
        duration=problem.duration, delay=problem.delay, capacity=room,
    )  # fmt: skip
    if spikes.overflowed.any():
        raise ValueError(f"{neurons} neurons run away with a delay of {problem.delay:g} s: lower hidden_rate")
    pairs = zip(*(np.asarray(x[0, : int(spikes.count[0])]) for x in (spikes.times, spikes.units)), strict=True)
    return np.array(list(pairs), SPIKE)


def _point(config: Config, problem: Problem, alone: np.ndarray, together: Exchanged) -> dict[str, Any]:
    neurons, count = problem.params.neurons, len(alone)
    same = np.array_equal(together.spikes["neuron"], alone["neuron"])
    events = len(problem.times) + 2 * count  # a spike is one where it begins and one where it arrives
    steps = round(problem.duration / config.dt)
    halves = neurons // 2, neurons - neurons // 2
    return {
        "neurons": neurons,
        "delay_s": problem.delay,
        "rate_hz": count / neurons / problem.duration,
        "spikes": count,
        "events": events,
        "largest_time_error_s": float(abs(together.spikes["time"] - alone["time"]).max(initial=0)) if same else None,
        "exchanges": len(together.sizes),
        "sent_bytes": int(together.sizes.sum()),
        "largest_message_bytes": int(together.sizes.max()),
        "states_at_events_bytes": _STATE_BYTES * neurons * events,
        "bits_at_steps_bytes": sum(-(-half // 8) for half in halves) * steps,
    }
