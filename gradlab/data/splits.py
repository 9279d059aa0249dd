"""Training, validation and test sets, the validation set by whole speakers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .dataset import SpikeData


class Splits(NamedTuple):
    """The three parts of a data set.

    Attributes:
        train: to fit to.
        validation: to choose settings and the best epoch by; speakers that ``train`` has not. None for no such choice.
        test: to report.
    """

    train: SpikeData
    validation: SpikeData | None
    test: SpikeData


def by_speaker(train: SpikeData, validation_speakers: Sequence[int]) -> tuple[SpikeData, SpikeData]:
    """Hold out every sample of some speakers, as a new speaker is what a test set asks for.

    Args:
        train: the samples to divide.
        validation_speakers: speakers to hold out.

    Returns:
        ``(train, validation)``.

    Raises:
        ValueError: if no speaker is named, one does not exist, or none remains for training.
    """
    present = np.unique(train.speakers).tolist()
    wanted = sorted(set(validation_speakers))
    unknown = sorted(set(wanted) - set(present))
    if not wanted or unknown or wanted == present:
        raise ValueError(f"validation_speakers are {wanted}, expected some but not all of the speakers {present}")
    held_out = np.isin(train.speakers, wanted)
    return train.select(np.flatnonzero(~held_out)), train.select(np.flatnonzero(held_out))
