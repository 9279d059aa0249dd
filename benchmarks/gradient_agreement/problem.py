"""The network and the data on which gradients are compared, and how the surrogate gradients are made."""

from typing import Any, NamedTuple

import jax
import numpy as np

from gradlab.data import SpikeData, Splits
from gradlab.measuring.gradient_similarity import compare, per_neuron
from gradlab.measuring.line_scans import Look, look
from gradlab.methods import BPTT, EventProp, EventPropSmooth, Method
from gradlab.networks.losses import Labels, cross_entropy
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig
from gradlab.training.loop import Trainer
from gradlab.training.objective import Objective
from gradlab.training.room import Runaway
from solvers.events import Events
from solvers.surrogates import Surrogate

Row = dict[str, Any]
Rows = list[Row]
DT, SLOPE = 1e-3, 10.0  # [s], [1 / threshold]; of the figures that stand for all
EXACT = EventProp()  # what other gradients are compared with
SMOOTH = EventPropSmooth()
_QUANTILES = (0.1, 0.5, 0.9)


class Setting(NamedTuple):
    """How the surrogate gradient is made."""

    name: str = "superspike"
    slope: float = SLOPE
    scale: float = 1.0
    reset: bool = True
    dt: float = DT

    @property
    def row(self) -> Row:
        """For a record."""
        return self._asdict()

    @property
    def method(self) -> BPTT:
        """That makes it."""
        return BPTT(self.dt, Surrogate(self.name, self.slope, self.scale), self.reset)


USUAL = Setting()


class Way(NamedTuple):
    """Of a training through weight space: the weights at the start and after each epoch, and how it ended."""

    points: list[NetworkParams]
    status: str


class Problem:
    """One network, some data, and an objective for each gradient, of which each compiles once."""

    def __init__(self, network: Network, data: SpikeData, samples: int, seed: int):
        """Bind; a batch is ``samples`` samples. ValueError for a network that cannot fit into memory."""
        self.network, self.data, self.samples, self.seed = network, data, samples, seed
        self.order = np.random.default_rng(seed).permutation(len(data))
        # The loss alone is compared: no regularisation, whose derivatives are heuristics.
        self.config = TrainConfig(batch_size=samples, rate_strength=0.0, seed=seed)
        self._objectives: dict[Method, Objective] = {}
        self._ways: dict[Method, Way] = {}
        self.exact = self.objective(EXACT)
        self.exact.require_memory()
        self.params = self.exact.init(data)

    def batch(self, number: int) -> tuple[Events, Labels]:
        """Batch by number; different numbers share no sample."""
        chosen = self.order[number * self.samples : (number + 1) * self.samples]
        return self.exact.batch(self.data, chosen)

    def way(self, method: Method, train: TrainConfig, samples: int) -> Way:
        """A training from the start, of which each is done once.

        Args:
            method: gives the gradient.
            train: settings.
            samples: to train on, the last ones of the shuffled data, which no batch holds if there are enough.
        """
        if method not in self._ways:
            subset, points = self.data.select(np.sort(self.order[-samples:])), [self.params]
            trainer = Trainer(self.network, train, method)
            note = lambda epoch: points.append(epoch.params)  # noqa: E731
            result = trainer.fit(Splits(subset, None, subset), self.params, on_epoch=note)
            self._ways[method] = Way(points, result.status)
        return self._ways[method]

    def objective(self, method: Method) -> Objective:
        """The objective with the gradients of a method."""
        if method not in self._objectives:
            self._objectives[method] = Objective(self.network, self.config, method)
        return self._objectives[method]

    def surrogate(self, setting: Setting = USUAL) -> Objective:
        """The objective with these surrogate gradients."""
        return self.objective(setting.method)

    def compare(self, params: NetworkParams, setting: Setting = USUAL, number: int = 0) -> Row:
        """Agreement on one batch, by parameter and over neurons; the rates in both simulators."""
        return self.agreement(params, self.surrogate(setting), number)

    def agreement(self, params: NetworkParams, objective: Objective, number: int = 0) -> Row:
        """As ``compare``, of any gradient."""
        exact, other = (look(each, params, *self.batch(number)) for each in (self.exact, objective))
        if exact.gradient is None:
            return {"rate_hz": None, "parameters": {}}
        parameters: dict[str, dict[str, Any]] = dict(compare(exact.gradient, other.gradient))
        for name, cosines in per_neuron(exact.gradient, other.gradient).items():
            cosines = cosines[np.isfinite(cosines)]
            if cosines.size:
                parameters[name]["neurons"] = np.quantile(cosines, _QUANTILES).tolist()
                parameters[name]["neurons_uphill"] = float(np.mean(cosines < 0))
        return {"rate_hz": self.rate(exact), "rate_grid_hz": self.rate(other), "parameters": parameters}

    def rate(self, at: Look) -> float | None:
        """Mean rate of the hidden neurons [Hz]; None if they run away."""
        return None if at.counts is None else float(np.mean(at.counts) / self.network.duration)


def loss_at(objective: Objective, params: NetworkParams, events: Events, labels: Labels) -> Look:
    """Loss and spike counts on a batch, without the gradient."""
    try:
        output = objective.forward(params, events)
    except Runaway:
        return Look(float("nan"), None, None)
    counts = np.concatenate([np.asarray(count) for count in output.counts], 1)
    return Look(float(cross_entropy(output.logits, labels)), None, counts)


def distance(a: NetworkParams, b: NetworkParams) -> float:
    """Euclidean, of all parameters."""
    differences = jax.tree.map(lambda x, y: float(np.sum((x - y) ** 2)), a, b)
    return float(np.sqrt(sum(jax.tree.leaves(differences))))
