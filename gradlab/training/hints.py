"""What goes wrong without an error: one Python warning of each kind in a training, which says what to change."""

import warnings

from .config import TrainConfig

_MANY = 0.5  # of the neurons or samples


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

    def _once(self, kind: str, text: str) -> None:
        if kind not in self._given:
            self._given.add(kind)
            warnings.warn(text, stacklevel=2)
