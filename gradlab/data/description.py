"""What the suite has to know of a data set besides its spikes: how to load it, and which settings suit it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .splits import Splits


@dataclass(frozen=True)
class DataSet:
    """A data set of the registry.

    Attributes:
        load: gives all samples from a folder for downloads: ``(folder, download) -> Splits``. The validation part is
            the set's own, or None.
        held_out: groups of the training part that are held out by default where there is no validation part.
        group: what a group is called, such as ``"speaker"``; None for a set without groups.
        network: defaults of ``NetworkSettings`` that suit the data, such as the duration of a trial.
        training: defaults of ``TrainConfig`` likewise, such as the augmentation.
        is_in: whether a folder holds the set's files; None for a set that is made, or is only taken by its name.
    """

    load: Callable[[Path, bool], Splits]
    held_out: tuple[int, ...] = ()
    group: str | None = None
    network: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    is_in: Callable[[Path], bool] | None = None
