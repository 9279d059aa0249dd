"""Early stopping: end a training that no longer becomes better, with the parameters of its best epoch."""

from collections.abc import Sequence

import numpy as np

from .result import Result


def kept_epoch(validated: Sequence[float], epochs: int, patience: int) -> int:
    """The epoch, counted from 1, whose parameters a training of so many epochs ends with; 0 before the first.

    Args:
        validated: validation accuracies by epoch; only used with patience.
        epochs: how many were completed.
        patience: see ``TrainConfig``; the first of equally good epochs is the best.
    """
    return int(np.argmax(validated)) + 1 if patience and epochs else epochs


def kept_of(result: Result, patience: int) -> int:
    """``kept_epoch`` of a training so far."""
    return kept_epoch(result.history.get("validation_accuracy", []), result.epochs, patience)


def is_over(result: Result, patience: int) -> bool:
    """Whether the last ``patience`` epochs brought nothing better; never without patience."""
    return bool(patience) and result.epochs - result.kept >= patience
