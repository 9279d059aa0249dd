"""What a trial is: one training, judged by what was held out of it, and given up early if it lags behind."""

from functools import partial

from optuna import Trial, TrialPruned

from ..configuration import Config, network_of, trainer_of
from ..data import Splits
from ..training.callbacks import Epoch
from .space import searched, with_values
from .storage import patiently

ENDED = "ended"  # attribute of a trial: why its training ended early, if it did so by itself
ACCURACY = "validation_accuracy"


class Evaluation:
    """Trains a method in a trial."""

    def __init__(self, config: Config, splits: Splits):
        """Bind the settings that are not searched, and the data; a test set is not looked at.

        Args:
            config: of the trainings.
            splits: with a validation part.
        """
        self._config, self._splits = config, splits

    def __call__(self, method: str, trial: Trial) -> float:
        """The accuracy on the held-out part after the last epoch.

        Args:
            method: key of ``METHODS``.
            trial: draws the settings, and is told the accuracy after each epoch.

        Raises:
            TrialPruned: if the trial lags behind, or the training diverged or ran away.
            KeyboardInterrupt: after Ctrl-C or SIGTERM.
            ValueError: for an impossible training.
        """
        drawn = {
            name: patiently(partial(trial.suggest_float, name, *bounds, log=True))
            for name, bounds in searched(self._config, method).items()
        }
        config = with_values(self._config, drawn)
        network = network_of(config, self._splits.train)
        epochs = config.training.epochs

        def on_epoch(epoch: Epoch) -> None:
            patiently(partial(trial.report, epoch.figures[ACCURACY], epoch.number))
            if epoch.number < epochs and patiently(trial.should_prune):
                raise TrialPruned

        trainer = trainer_of(config, network, method)
        result = trainer.fit(self._splits, on_epoch=on_epoch)
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if result.status != "ok":
            patiently(partial(trial.set_user_attr, ENDED, f"{result.status}: {result.reason}"))
            raise TrialPruned
        return float(result.history[ACCURACY][-1])
