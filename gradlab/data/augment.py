"""Random changes to training samples that keep their class."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Interval
from numpy.typing import ArrayLike

from solvers.fields import CountOrNone, check_fields

from ..networks.encode import Sample
from .dataset import SpikeData

_Below1 = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True)
class AugmentationConfig:
    """How much training samples are changed; zeros leave them as they are.

    Attributes:
        channel_shift: training samples are moved by up to so many input channels, as of a higher or lower voice; spikes
            that leave the channels are dropped.
        blend: share of the training samples that are blended with another of their class, see ``blended``.
        dilation: training samples are stretched or compressed in time by up to this share of their length, as of a
            slower or faster voice.
        mask: a band of up to so many neighbouring input channels is silent in a training sample.
        drop: up to this share of the spikes of a training sample are left out, as of a softer voice.

    Raises:
        ValueError: for a field of another type or out of range.

    Sources: Nowotny, Turner & Knight 2025, Neuromorph. Comput. Eng. 5:014001 (channel shift 40 of 700, and blends);
    Park et al. 2019, Interspeech, arXiv:1904.08779 (masked bands of a spectrogram).
    """

    channel_shift: CountOrNone = 0
    blend: Annotated[float, Interval(ge=0, le=1)] = 0.0
    dilation: _Below1 = 0.0
    mask: CountOrNone = 0
    drop: _Below1 = 0.0

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


class Augmentation:
    """A training set that answers each request for a sample with a new variant of it."""

    def __init__(self, data: SpikeData, rng: np.random.Generator, changes: AugmentationConfig):
        """Bind data, a source of randomness, and what is changed."""
        self.data, self.rng, self.changes = data, rng, changes
        self._of_class = [np.flatnonzero(data.labels == label) for label in range(data.classes)]

    def __call__(self, index: int | np.integer) -> Sample:
        """A variant of one sample: ``(times, units)``, never more spikes than ``data.longest``."""
        data, rng, changes = self.data, self.rng, self.changes
        sample = data.sample(index)
        if changes.blend and rng.random() < changes.blend:
            other = data.sample(rng.choice(self._of_class[data.labels[index]]))
            sample = blended(rng, sample, other, data.time_step)
            while len(sample[0]) > data.longest:  # by chance, of two of the longest
                sample = blended(rng, data.sample(index), other, data.time_step)
        if changes.dilation:
            sample = dilated(sample, rng.uniform(-changes.dilation, changes.dilation), data.time_step)
        if changes.channel_shift:
            by = int(rng.integers(-changes.channel_shift, changes.channel_shift, endpoint=True))
            sample = shifted(sample, by, data.inputs)
        if changes.mask:
            width = min(int(rng.integers(changes.mask, endpoint=True)), data.inputs)
            first = int(rng.integers(data.inputs - width, endpoint=True))
            sample = chosen(sample, (sample[1] < first) | (sample[1] >= first + width))
        if changes.drop:
            sample = chosen(sample, rng.random(len(sample[0])) >= rng.uniform(0, changes.drop))
        return sample


def chosen(sample: Sample, kept: np.ndarray) -> Sample:
    """The spikes of a sample that are marked."""
    return sample[0][kept], sample[1][kept]


def shifted(sample: Sample, by: int, inputs: int) -> Sample:
    """A sample whose spikes are moved by some channels; those that leave the channels are dropped."""
    times, units = sample[0], sample[1].astype(np.int32) + by
    return chosen((times, units), (units >= 0) & (units < inputs))


def dilated(sample: Sample, by: float, time_step: float) -> Sample:
    """A sample of another length, by this share; each spike moves by a whole number of ``time_step`` if that is not 0.

    So spikes that are not on the grid, or on a finer one, stay there, and those that met still meet.
    """
    times = sample[0] + _on_grid(by * sample[0], time_step)
    order = np.argsort(times, kind="stable")
    return times[order], sample[1][order]


def blended(rng: np.random.Generator, first: Sample, second: Sample, time_step: float) -> Sample:
    """Each spike of two samples with probability one half, the second one moved to the first one's mean time.

    The move is a whole number of ``time_step`` [s], and spikes that would come before the start are dropped. If that is
    0, the second one is moved no further than to the start: many codes have spikes there, which any move would drop.
    """
    if not (len(first[0]) and len(second[0])):
        return first
    move = _on_grid(first[0].mean() - second[0].mean(), time_step)
    if not time_step:
        move = np.maximum(move, -second[0].min())
    times = np.concatenate([first[0], second[0] + move])
    units = np.concatenate([first[1], second[1]])
    kept = (rng.random(times.size) < 0.5) & (times >= 0)
    times, units = times[kept], units[kept]
    order = np.argsort(times, kind="stable")
    return times[order], units[order]


def _on_grid(times: ArrayLike, time_step: float) -> np.ndarray:
    """Moved spikes meet at one instant if they did before; many that meet cost less time than as many apart."""
    times = np.asarray(times)
    return np.asarray(np.round(times / time_step) * time_step if time_step else times, np.float32)
