"""One training, and its weights with and without escape noise."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from gradlab.command import Outcome
from gradlab.measuring.trials import over_trials
from gradlab.methods import BPTT, Stochastic
from gradlab.methods.options import make_method
from gradlab.training.objective import Objective
from solvers.fields import LARGEST

from ..trainings import TrainingConfig, training_of


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Test one training with and without escape noise; trains first, or goes on, where it is not finished.

    Attributes:
        trials: of each test sample with noise.
    """

    trials: Annotated[int, Interval(ge=2, le=LARGEST)] = 20


def measure(config: Config) -> Outcome:
    """Train, or take a finished training, and test.

    Raises what ``training_of`` does, and ValueError for a network that cannot be run with noise.
    """
    noisy = make_method(Stochastic.name, config.options)
    trainer, splits, result = training_of(config)
    methods = make_method(BPTT.name, config.options), noisy
    still, drawn = (Objective(trainer.network, config.training, method) for method in methods)
    without = still.evaluate(result.params, splits.test)
    trials = over_trials(drawn, result.params, splits.test, config.trials)
    return Outcome(
        {
            "accuracy_without_noise": without["accuracy"],
            "spikes_per_sample_without_noise": without["spikes_per_sample"],
            **{name: value for name, value in trials.items() if name != "accuracies"},
        },
        {"accuracies": trials["accuracies"]},
        method=trainer.method.name, preset=config.preset, dataset=splits.train.name, hidden=sum(config.network.hidden),
        seed=config.training.seed, status=result.status, reason=result.reason,
    )  # fmt: skip
