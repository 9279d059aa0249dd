"""Training, validation and test sets, the validation set by whole groups, such as speakers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .dataset import SpikeData


class Splits(NamedTuple):
    """The three parts of a data set.

    Attributes:
        train: to fit to.
        validation: to choose settings and the best epoch by; of groups that ``train`` has not, or a part of its own.
            None for no such choice.
        test: to report.
    """

    train: SpikeData
    validation: SpikeData | None
    test: SpikeData


def by_group(train: SpikeData, held_out: Sequence[int | str]) -> tuple[SpikeData, SpikeData]:
    """Hold out every sample of some groups, as new ones, such as new speakers, are what a test set asks for.

    Args:
        train: the samples to divide.
        held_out: groups to hold out.

    Returns:
        ``(train, validation)``.

    Raises:
        ValueError: if the set has no groups, none is named, one does not exist, or none remains for training.
    """
    if train.groups is None:
        raise ValueError(f"validation_groups are {list(held_out)}, but data set {train.name} has no groups: name none")
    present = np.unique(train.groups).tolist()
    wanted = list(dict.fromkeys(held_out))
    if not wanted or set(wanted) >= set(present) or not set(wanted) <= set(present):
        raise ValueError(f"validation_groups are {wanted}, expected some but not all of the groups {present}")
    chosen = np.isin(train.groups, wanted)
    return train.select(np.flatnonzero(~chosen)), train.select(np.flatnonzero(chosen))
