"""One training, and its weights in each simulator."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from gradlab.command import Outcome
from gradlab.data import SpikeData
from gradlab.methods import BPTT, CLOCK_DRIVEN, EventProp
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from solvers.fields import Positive
from solvers.neurons import NEURONS

from ..trainings import TrainingConfig, training_of

CONTINUOUS, DEAD_TIME = "continuous", "continuous_dead_time"
_DEAD = NEURONS["dead-time"]


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Test one training in every simulator; trains first, or goes on, where it is not finished.

    Attributes:
        grids: steps of the time grids to test on [s].
    """

    grids: tuple[Positive, ...] = (2e-3, 1e-3, 0.5e-3, 0.25e-3, 0.125e-3)


def measure(config: Config) -> Outcome:
    """Train, or take a finished training, and test.

    Raises:
        ValueError: for a neuron that has no dead time.

    Raises also what ``training_of`` does.
    """
    if config.network.neuron != "lif":
        raise ValueError(f"neuron is {config.network.neuron}, expected lif, which has a twin with a dead time")
    trainer, splits, result = training_of(config)
    method = trainer.method
    tested = {
        simulator: figures_of(objective, params, splits.test)
        for simulator, (objective, params) in simulators(
            trainer.network, config.training, result.params, config.options.dt, config.grids
        ).items()
    }
    own = tested[f"{config.options.dt:g}" if method.simulator == CLOCK_DRIVEN else CONTINUOUS]
    metrics = {f"accuracy_{simulator}": tested[simulator]["accuracy"] for simulator in (CONTINUOUS, DEAD_TIME)}
    return Outcome(
        {"accuracy_own": own["accuracy"], "spikes_per_sample": own["spikes_per_sample"], **metrics,
         "runaway_share_continuous": tested[CONTINUOUS]["runaway_share"], "simulators": tested},
        method=method.name, preset=config.preset, dataset=splits.train.name, hidden=sum(config.network.hidden),
        seed=config.training.seed, status=result.status, reason=result.reason,
    )  # fmt: skip


def simulators(
    network: Network, config: TrainConfig, params: NetworkParams, dt: float, grids: tuple[float, ...]
) -> Mapping[str, tuple[Objective, NetworkParams]]:
    """What runs the weights in each simulator, and the parameters it takes.

    Args:
        network: of LIF neurons.
        config: of its training.
        params: trained.
        dt: step of the grid that the dead time is taken from [s].
        grids: steps of other grids [s].

    Returns:
        By the step [s] of a grid, ``CONTINUOUS`` and ``DEAD_TIME``. On a grid that is too coarse for the delay, the
        delay is a step.
    """
    found: dict[str, tuple[Objective, NetworkParams]] = {}
    for step in sorted({dt, *grids}, reverse=True):
        on_grid = dataclasses.replace(network, delay=step * math.ceil(round(network.delay / step, 6)))
        found[f"{step:g}"] = Objective(on_grid, config, BPTT(dt=step)), params
    found[CONTINUOUS] = Objective(network, config, EventProp()), params
    dead = dataclasses.replace(network, neuron="dead-time", other_constants=(("refractory", dt),))
    lif: Sequence[Any] = network.spiking_layers(params)
    layers = [_DEAD.params(**layer._asdict(), refractory=jnp.asarray(dt)) for layer in lif]
    found[DEAD_TIME] = Objective(dead, config, EventProp()), network.with_spiking_layers(params, layers)
    return found


def figures_of(objective: Objective, params: NetworkParams, test: SpikeData) -> dict[str, Any]:
    """Accuracy, loss, spikes and rate on the test set, of the samples in which the network does not run away."""
    figures = objective.evaluate(params, test, strict=False)
    network = objective.network
    rate = figures["spikes_per_sample"] / (sum(network.hidden) * network.duration)
    return figures | {"rate_hz": rate}
