"""Readouts: what a network answers. A new one is one file and one line in ``READOUTS``."""

from typing import TYPE_CHECKING, Literal

from .base import Readout as Readout
from .base import ReadoutParams as ReadoutParams
from .first_spike import FirstSpike as FirstSpike
from .maximum import Maximum as Maximum
from .weighted_mean import WeightedMean as WeightedMean

#: By the name of the loss, which is the cross-entropy on the logits of the readout.
READOUTS: dict[str, Readout] = {
    "mean": WeightedMean(decays=0.0),
    "exp": WeightedMean(decays=1.0),
    "max": Maximum(),
    "ttfs": FirstSpike(scale=5e-4),
}
#: Those in which each spike adds a term of its own, whatever the others do.
LINEAR = tuple(name for name, readout in READOUTS.items() if getattr(readout, "linear", False))
if TYPE_CHECKING:
    ReadoutName = str
else:
    ReadoutName = Literal[tuple(READOUTS)]
