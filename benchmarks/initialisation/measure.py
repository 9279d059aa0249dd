"""Rates and gradients of networks that were not trained."""

import dataclasses
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from gradlab import configuration
from gradlab.command import Outcome
from gradlab.data import DATASETS, SpikeData, chosen_dataset, load
from gradlab.methods import EventProp, able_methods
from gradlab.networks.initialisers import INITIALISERS
from gradlab.networks.network import Network
from gradlab.networks.params import named_leaves
from gradlab.networks.readouts import ReadoutName
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from gradlab.training.room import Runaway
from solvers.events import Events
from solvers.fields import Count, Counts, Positive, Seed

from ..data_settings import DataSettings


@dataclass(frozen=True)
class Config(DataSettings):
    """Firing rates, silent neurons and gradient norms of untrained networks.

    Attributes:
        hidden: neurons of each hidden layer; rates and gradients are shown over the depth, up to one that runs away.
        recurrent: whether the neurons of a layer are connected to each other.
        loss: as for gradlab.bench.
        duration: of a trial [s].
        batches: of training samples; a gradient each.
        batch_size: samples of a batch.
        seed: of the weights and of the choice of samples.
    """

    hidden: Counts = (128,) * 8
    recurrent: bool = True
    loss: ReadoutName = "exp"
    duration: Positive = 1.0
    batches: Count = 8
    batch_size: Count = 32
    seed: Seed = 0


def untrained(config: Config, objective: Objective, data: SpikeData) -> dict[str, Any]:
    """Of the initial weights: ``rate_hz`` and ``silent_fraction`` by layer, ``gradient_norms`` of each batch by name.

    Raises:
        Runaway: if there are too many spikes.
    """
    network, params, norms = objective.network, objective.init(data), []
    totals = [np.zeros(n) for n in network.hidden]
    for events, labels in batches_of(config, objective, data):
        gradient, output = objective.gradient(params, events, labels)
        totals = [total + np.asarray(count).sum(0) for total, count in zip(totals, output.counts, strict=True)]
        norms.append({name: float(np.linalg.norm(leaf)) for name, leaf in named_leaves(gradient).items()})
    samples = config.batches * config.batch_size
    return {
        "rate_hz": [float(total.mean()) / samples / network.duration for total in totals],
        "silent_fraction": [float(np.mean(total == 0)) for total in totals],
        "gradient_norms": {name: [each[name] for each in norms] for name in norms[0]},
    }


def batches_of(config: Config, objective: Objective, data: SpikeData) -> Iterator[tuple[Events, np.ndarray]]:
    """Training samples in random order.

    Raises:
        ValueError: if there are fewer samples than asked for.
    """
    if config.batches * config.batch_size > len(data):
        raise ValueError(f"{len(data)} samples, but {config.batches} batches of {config.batch_size}: lower one of them")
    order = np.random.default_rng(config.seed).permutation(len(data))[: config.batches * config.batch_size]
    for indices in order.reshape(config.batches, config.batch_size):
        yield objective.batch(data, indices)


def calm_layers(config: Config, network: Network, train: TrainConfig, data: SpikeData) -> tuple[int, ...]:
    """The first hidden layers, up to the one that runs away in continuous time.

    Raises:
        Runaway: if the first one does.
    """
    for depth in range(1, len(network.hidden) + 1):
        objective = Objective(dataclasses.replace(network, hidden=network.hidden[:depth]), train, EventProp())
        try:
            for events, _ in batches_of(config, objective, data):
                objective.forward(objective.init(data), events)
        except Runaway:
            if depth == 1:
                raise
            return network.hidden[: depth - 1]
        finally:
            jax.clear_caches()  # programs of many layers fill what a process may map of memory
    return network.hidden


def measure(config: Config) -> Outcome:
    """Every initialiser with every method, without the layers after which a network runs away.

    Raises:
        ValueError: for an impossible configuration or damaged data.
        OSError: for data that are not there.
        Runaway: if a first layer runs away.
    """
    data = load(config.dataset, config.data_dir).train
    train = TrainConfig(batch_size=config.batch_size, rate_strength=0.0, seed=config.seed)
    suited = DATASETS[chosen_dataset(config.dataset, config.data_dir)].network
    own = ("hidden", "recurrent", "loss", "duration")
    chosen: dict[str, Any] = {name: getattr(config, name) for name in own}
    found: dict[str, dict[str, Any]] = {}
    for initialiser in INITIALISERS:
        network = Network(data.inputs, data.classes, **{**suited, **chosen, "initialiser": initialiser})
        network = dataclasses.replace(network, hidden=calm_layers(config, network, train, data))
        objectives = {name: Objective(network, train, method) for name, method in able_methods(network).items()}
        for objective in objectives.values():
            objective.require_memory()
        found[initialiser] = {}
        for name, objective in tqdm(objectives.items(), initialiser, file=sys.stderr):
            found[initialiser][name] = untrained(config, objective, data)
            jax.clear_caches()
    return Outcome(found, method=configuration.ALL, dataset=data.name, hidden=sum(config.hidden), seed=config.seed)
