"""Errors of the time grid by step, and the orders in which they shrink."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import MinLen

from gradlab.command import RUNS, Outcome
from gradlab.data import encoded_batch
from gradlab.measuring.convergence import GridErrors, fitted_order, grid_errors
from gradlab.methods import BPTT, EventProp
from gradlab.networks.network import Network
from solvers.fields import Count, NotNegative, Positive, Seed, check_fields

from ..workload import poisson_data

_HIGHEST_RATE = 500.0  # [Hz] mean rate of the hidden neurons that there is room for


@dataclass(frozen=True)
class Config:
    """Convergence of the time grid to the event-driven solution, in double precision.

    Attributes:
        steps: of the grids [s], at least two; the delay must be a whole number of each.
        hidden: recurrent neurons.
        samples: number of samples.
        inputs: input channels.
        outputs: classes.
        input_rate: of each input channel [Hz].
        duration: of a sample [s].
        delay: of recurrent transmission [s].
        seed: of input and weights.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    steps: Annotated[tuple[Positive, ...], MinLen(2)] = (1e-3, 0.5e-3, 0.25e-3, 0.125e-3, 0.0625e-3)
    hidden: Count = 64
    samples: Count = 128
    inputs: Count = 100
    outputs: Count = 10
    input_rate: Positive = 80.0
    duration: Positive = 0.2
    delay: NotNegative = 1e-3
    seed: Seed = 0
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def measure(config: Config) -> Outcome:
    """Errors by step and their orders.

    Raises:
        ValueError: unless JAX computes in double precision; for impossible settings, silence or runaway activity.
    """
    errors = errors_by_step(config)
    columns = {name: [getattr(each, name) for each in errors] for name in GridErrors._fields}
    metrics = {
        "order_spike_times": fitted_order(config.steps, columns["spike_times_s"]),
        "order_logits": fitted_order(config.steps, columns["logits"]),
        "order_loss": fitted_order(config.steps, columns["loss"]),
    }
    samples = {
        "dt_s": config.steps,
        "spike_time_error_s": columns["spike_times_s"],
        "equal_count_share": columns["equal_counts"],
        "logits_relative_error": columns["logits"],
        "loss_relative_error": columns["loss"],
    }
    return Outcome(
        metrics, samples, method=BPTT.name, dataset="poisson", hidden=config.hidden, seed=config.seed
    )  # fmt: skip


def errors_by_step(config: Config) -> list[GridErrors]:
    """Errors at each step. Raises as ``measure``."""
    if jnp.zeros(0).dtype != jnp.float64:
        raise ValueError("convergence needs double precision: set jax_enable_x64 first")
    network = Network(
        config.inputs, config.outputs, hidden=(config.hidden,), duration=config.duration, delay=config.delay,
        input_rate=config.input_rate,
    )  # fmt: skip
    params = network.init(jax.random.key(config.seed), jnp.float64)
    data = poisson_data(config.samples, config.inputs, config.input_rate, config.duration, config.outputs, config.seed)
    batch = encoded_batch(network, data, np.arange(config.samples), dtype=np.float64)
    events, labels = jax.tree.map(jnp.asarray, batch)
    room = (int(_HIGHEST_RATE * config.hidden * config.duration),)
    exact = EventProp().forward(network, params, events, room, jax.random.key(config.seed))
    if exact.spikes[0].overflowed.any():
        raise ValueError(f"the hidden neurons fire at more than {_HIGHEST_RATE:g} Hz: lower input_rate")
    if not exact.spikes[0].count.any():
        raise ValueError("no hidden neuron spikes: raise input_rate or duration")
    return [grid_errors(network, params, events, labels, exact, dt) for dt in config.steps]
