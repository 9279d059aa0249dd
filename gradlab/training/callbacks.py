"""What a training tells those who follow it, see ``Trainer.fit``."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..networks.params import NetworkParams
from .result import Result


class Step(NamedTuple):
    """A step of the optimiser.

    Attributes:
        number: counted from 1 over the whole training.
        epoch: that it belongs to, counted from 1.
        loss: of its batch, with the rate regularisation.
        accuracy: share of its batch that was right.
        rate_hz: mean rate of the hidden neurons [Hz].
        gradient_norm: before clipping.
        seconds: that it took.
    """

    number: int
    epoch: int
    loss: float
    accuracy: float
    rate_hz: float
    gradient_norm: float
    seconds: float


class Epoch(NamedTuple):
    """A completed epoch.

    Attributes:
        number: counted from 1.
        figures: what the history keeps of it, see ``gradlab.reporting.columns.SAMPLES``.
        params: after it.
    """

    number: int
    figures: Mapping[str, Any]
    params: NetworkParams


OnStep = Callable[[Step], object]
OnEpoch = Callable[[Epoch], object]
OnEnd = Callable[[Result], object]
