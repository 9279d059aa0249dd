"""Trainings in the four conditions, and their networks on recordings that are played faster or slower."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from gradlab.command import Outcome
from gradlab.data import SpikeData
from solvers.fields import Positives

from ..trainings import Training, TrainingConfig
from ..variants import Variant, methods_of, reached, status_of, train_variants

PRESET = "shd-128-het"
#: First values of the constants of neurons, and whether they are trained.
CONDITIONS = {
    f"{drawn}, {trained}": Variant({"constants": constants}, {"train_constants": trained == "trained"})
    for drawn, constants in (("equal", "equal"), ("drawn", "gamma"))
    for trained in ("fixed", "trained")
}


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Train in each condition with each method, and test at other speeds.

    Attributes:
        stretches: factors by which the times of the test recordings are multiplied; 1 is the test set itself.
    """

    stretches: Positives = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)


def stretched(data: SpikeData, factor: float) -> SpikeData:
    """The recordings at another speed; what then comes after the end of a trial is not heard."""
    return dataclasses.replace(data, times=data.times * factor)


def accuracy_at(training: Training, factor: float) -> float:
    """On the test set, at another speed."""
    trainer, splits, result = training
    return trainer.evaluate(result.params, stretched(splits.test, factor), strict=False)["accuracy"]


def measure(config: Config) -> Outcome:
    """Train what is missing, and test.

    Raises what ``training_of`` does.
    """
    runs: dict[str, dict[str, Any]] = {}
    for method, condition, training in train_variants(config, "heterogeneity", CONDITIONS):
        found = reached(training)
        found["stretched"] = {
            f"{factor:g}": found["test_accuracy"] if factor == 1 else accuracy_at(training, factor)
            for factor in sorted({1.0, *config.stretches})
        }
        runs.setdefault(method, {})[condition] = found
    gains = {
        f"gain_{method}": of["drawn, trained"]["test_accuracy"] - of["equal, fixed"]["test_accuracy"]
        for method, of in runs.items()
    }
    return Outcome(
        {"runs": runs} | gains, method=methods_of(runs),
        dataset=training.splits.train.name, preset=config.preset, hidden=sum(config.network.hidden),
        seed=config.training.seed, status=status_of(runs),
    )  # fmt: skip
