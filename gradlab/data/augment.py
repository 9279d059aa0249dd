"""Random changes to training samples that keep their class."""

import numpy as np

from .dataset import SpikeData

Sample = tuple[np.ndarray, np.ndarray]
_GRID = 2.0**-10  # [s]; SHD's times lie on such a grid or a finer one, so moved spikes still meet at one instant


class Augmentation:
    """A training set that answers each request for a sample with a new variant of it.

    Source: Nowotny, Turner & Knight 2025, Neuromorph. Comput. Eng. 5:014001 (channel shift 40 of 700, and blends).
    """

    def __init__(
        self, data: SpikeData, rng: np.random.Generator, *, channel_shift: int = 0, blend: float = 0.0,
        dilation: float = 0.0,
    ):  # fmt: skip
        """Bind data and settings.

        Args:
            data: the training set.
            rng: source of randomness.
            channel_shift: samples are moved by up to so many channels, as of a higher or lower voice; spikes that leave
                the channels are dropped.
            blend: share of the samples that are blended with another of their class, see ``blended``.
            dilation: times are multiplied by ``1 - dilation`` to ``1 + dilation``, as of a faster or slower voice.

        Raises:
            ValueError: as ``check_changes``.
        """
        check_changes(channel_shift, blend, dilation)
        self.data, self.rng = data, rng
        self.channel_shift, self.blend, self.dilation = channel_shift, blend, dilation
        self._of_class = [np.flatnonzero(data.labels == label) for label in range(data.classes)]

    def __call__(self, index: int) -> Sample:
        """A variant of one sample: ``(times, units)``, never more spikes than ``data.longest``."""
        sample = self.data.sample(index)
        if self.blend and self.rng.random() < self.blend:
            other = self.data.sample(self.rng.choice(self._of_class[self.data.labels[index]]))
            sample = blended(self.rng, sample, other)
            while len(sample[0]) > self.data.longest:  # by chance, of two of the longest
                sample = blended(self.rng, self.data.sample(index), other)
        if self.dilation:
            sample = sample[0] * np.float32(1 + self.rng.uniform(-self.dilation, self.dilation)), sample[1]
        if self.channel_shift:
            by = int(self.rng.integers(-self.channel_shift, self.channel_shift, endpoint=True))
            sample = shifted(sample, by, self.data.inputs)
        return sample


def check_changes(channel_shift: int, blend: float, dilation: float) -> None:
    """Refuse settings that an ``Augmentation`` cannot have.

    Raises:
        ValueError: for a negative setting, or a share or dilation above what is possible.
    """
    if channel_shift < 0:
        raise ValueError(f"channel_shift is {channel_shift}, expected a number of channels >= 0 (0 for no shift)")
    if not 0 <= blend <= 1:
        raise ValueError(f"blend is {blend:g}, expected a share of the samples, 0 to 1")
    if not 0 <= dilation < 1:
        raise ValueError(f"dilation is {dilation:g}, expected 0 (none) to below 1")


def shifted(sample: Sample, by: int, inputs: int) -> Sample:
    """A sample whose spikes are moved by some channels; those that leave the channels are dropped."""
    times, units = sample[0], sample[1].astype(np.int32) + by
    kept = (units >= 0) & (units < inputs)
    return times[kept], units[kept]


def blended(rng: np.random.Generator, first: Sample, second: Sample) -> Sample:
    """Each spike of two samples with probability one half, the second one moved to the first one's mean time.

    Spikes that would come before the start are dropped. The move is a whole number of steps of SHD's time grid.
    """
    if not (len(first[0]) and len(second[0])):
        return first
    move = np.round((first[0].mean() - second[0].mean()) / _GRID) * _GRID
    times = np.concatenate([first[0], second[0] + np.float32(move)])
    units = np.concatenate([first[1], second[1]])
    kept = (rng.random(times.size) < 0.5) & (times >= 0)
    times, units = times[kept], units[kept]
    order = np.argsort(times, kind="stable")
    return times[order], units[order]
