"""What goes wrong without an error: one Python warning of each kind in a training, which says what to change."""

import warnings
from collections.abc import Sequence

import numpy as np

from .config import TrainConfig

_MANY = 0.5  # of the neurons or samples
_ENOUGH = 5  # epochs after which something should be learnt


class Hints:
    """Warns once of each kind."""

    def __init__(self, config: TrainConfig, inputs: int):
        """Bind the settings, and the number of input channels."""
        self._config, self._inputs = config, inputs
        self._given: set[str] = set()

    def after_epoch(self, silent: float, emptied: float) -> None:
        """Look at an epoch.

        Args:
            silent: share of the hidden neurons that did not spike.
            emptied: share of the samples that lost all their spikes to the augmentation.
        """
        if silent > _MANY:
            self._once(
                "silent",
                f"{silent:.0%} of the hidden neurons did not spike in an epoch: raise lift_silent "
                f"({self._config.lift_silent:g}) or lower learning_rate ({self._config.learning_rate:g}); if it is so "
                "from the start, give a lower input_rate, for which weights are larger, and check times and duration",
            )
        if emptied > _MANY:
            self._once(
                "emptied",
                f"{emptied:.0%} of the training samples lost all their spikes to the augmentation: lower channel_shift "
                f"({self._config.channel_shift}) or mask ({self._config.mask}), of {self._inputs} channels, or drop "
                f"({self._config.drop:g})",
            )

    def at_end(self, accuracies: Sequence[float], labels: np.ndarray) -> None:
        """Look at a training.

        Args:
            accuracies: on the training samples, by epoch.
            labels: of the training samples.
        """
        chance = float(np.bincount(labels).max() / len(labels))
        beyond = 2 * (chance * (1 - chance) / len(labels)) ** 0.5  # two standard errors
        if len(accuracies) >= _ENOUGH and max(accuracies) <= chance + beyond:
            self._once(
                "chance",
                f"after {len(accuracies)} epochs the training accuracy is no better than always answering the most "
                f"frequent class ({chance:.1%}): raise or lower learning_rate ({self._config.learning_rate:g}), check "
                "that each label belongs to its sample, and that times and duration are in seconds",
            )

    def _once(self, kind: str, text: str) -> None:
        if kind not in self._given:
            self._given.add(kind)
            warnings.warn(text, stacklevel=2)
