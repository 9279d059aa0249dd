"""A spike data set in memory: ragged samples in flat arrays, checked once."""

import dataclasses
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..networks.encode import Sample

_MOST_INPUTS = 2**16  # units are kept as unsigned 16-bit integers, for SHD has 80 million spikes


@dataclasses.dataclass(frozen=True, eq=False)
class SpikeData:
    """Labelled spike trains; sample ``k`` owns the spikes ``offsets[k]:offsets[k + 1]``.

    Attributes:
        name: the data set that this is (a part of).
        times: spike times of all samples [s], float32, ascending within a sample; simultaneous spikes are normal and
            keep their order.
        units: input channel of each spike, uint16, in ``0..inputs-1``.
        offsets: first spike of each sample, and the number of all spikes at the end; int64 ``[samples + 1]``.
        labels: class of each sample, int32, in ``0..classes-1``.
        groups: whom or what each sample comes from, such as its speaker, int32; None if that is not known.
        inputs: number of input channels.
        classes: number of classes.
        time_step: [s]; all times lie on a grid of this step or a finer one, to which an augmentation rounds moved
            times, for spikes that meet at one instant cost less; 0 for times of any value.

    Raises:
        ValueError: if the arrays contradict each other or hold an impossible value.
    """

    name: str
    times: np.ndarray
    units: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None
    inputs: int
    classes: int
    time_step: float = 0.0

    def __post_init__(self) -> None:
        """Check everything, then keep it in the types above."""
        if not 0 < self.inputs <= _MOST_INPUTS:
            raise ValueError(f"inputs is {self.inputs}, expected 1 to {_MOST_INPUTS}: give the number of channels")
        offsets, labels = np.asarray(self.offsets), np.asarray(self.labels)
        groups = None if self.groups is None else np.asarray(self.groups)
        times, units = np.asarray(self.times, np.float32), np.asarray(self.units)
        _check_samples(offsets, labels, groups, self.classes)
        _check_spikes(times, units, offsets, self.inputs)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "units", units.astype(np.uint16, copy=False))
        object.__setattr__(self, "offsets", offsets.astype(np.int64, copy=False))
        object.__setattr__(self, "labels", labels.astype(np.int32, copy=False))
        object.__setattr__(self, "groups", None if groups is None else groups.astype(np.int32, copy=False))

    @classmethod
    def from_samples(
        cls,
        name: str,
        times: Sequence[np.ndarray] | np.ndarray,
        units: Sequence[np.ndarray] | np.ndarray,
        labels: ArrayLike,
        groups: ArrayLike | None = None,
        *,
        inputs: int,
        classes: int,
        time_step: float = 0.0,
    ) -> "SpikeData":
        """Join ragged samples; a sample that is not in order of time is sorted, ties keeping their order.

        Args:
            name: as for the class.
            times: spike times of each sample [s].
            units: channels of each sample.
            labels: of each sample.
            groups: of each sample, or None.
            inputs: number of input channels.
            classes: number of classes.
            time_step: as for the class.

        Raises:
            ValueError: as for the class; also if a sample has not one unit for each time.
        """
        given = {"spike trains": len(times), "unit trains": len(units), "labels": np.size(labels)}
        given |= {} if groups is None else {"groups": np.size(groups)}
        if len(set(given.values())) > 1:
            counts = ", ".join(f"{number} {name}" for name, number in given.items())
            raise ValueError(f"got {counts}, expected one of each for every sample")
        if len(times) == 0:
            raise ValueError("got no samples, expected at least one: give a data set that is not empty")
        sizes = np.array([len(x) for x in times])
        wrong = np.flatnonzero(sizes != [len(x) for x in units])
        if wrong.size:
            row = wrong[0]
            raise ValueError(f"sample {row} has {sizes[row]} times but {len(units[row])} units: give one for each time")
        all_times, all_units = np.concatenate(times).astype(np.float32), np.concatenate(units)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        for row in np.unique(np.searchsorted(offsets, _descents(all_times, offsets), side="right") - 1):
            here = slice(offsets[row], offsets[row + 1])
            order = np.argsort(all_times[here], kind="stable")
            all_times[here], all_units[here] = all_times[here][order], all_units[here][order]
        groups = None if groups is None else np.asarray(groups)
        return cls(name, all_times, all_units, offsets, np.asarray(labels), groups, inputs, classes, time_step)

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    @property
    def spikes_per_sample(self) -> np.ndarray:
        """Number of spikes of each sample, int64 ``[samples]``."""
        return np.diff(self.offsets)

    @property
    def longest(self) -> int:
        """Number of spikes of the sample with most of them: the capacity that every batch fits in."""
        return int(self.spikes_per_sample.max())

    @property
    def end_time(self) -> float:
        """Time of the last spike of all samples [s]; 0 if there is none."""
        return float(self.times.max(initial=0.0))

    @property
    def checksum(self) -> str:
        """Of all spikes and labels, to tell apart sets of one name."""
        total = 0
        for array in (self.times, self.units, self.offsets, self.labels):
            total = zlib.crc32(np.ascontiguousarray(array).data, total)
        return f"{total:08x}"

    def sample(self, index: int | np.integer) -> Sample:
        """``(times, units)`` of one sample, views of the set."""
        here = slice(self.offsets[index], self.offsets[index + 1])
        return self.times[here], self.units[here]

    def select(self, indices: ArrayLike) -> "SpikeData":
        """The samples with these indices, in this order.

        Args:
            indices: positions in the set, ``[selected]``, at least one.

        Raises:
            ValueError: if there is no index or one lies outside the set.
        """
        indices = checked_indices(indices, len(self))
        cuts = [slice(self.offsets[i], self.offsets[i + 1]) for i in indices]
        return dataclasses.replace(
            self,
            times=np.concatenate([self.times[cut] for cut in cuts]),
            units=np.concatenate([self.units[cut] for cut in cuts]),
            offsets=np.concatenate([[0], np.cumsum(self.spikes_per_sample[indices])]),
            labels=self.labels[indices],
            groups=None if self.groups is None else self.groups[indices],
        )


def checked_indices(indices: ArrayLike, samples: int) -> np.ndarray:
    """Indices as an array; negative ones are refused, for ``offsets`` would silently pair the wrong ends."""
    indices = np.asarray(indices)
    if indices.ndim != 1 or indices.size == 0 or indices.dtype.kind not in "iu":
        raise ValueError(
            f"indices are {indices.dtype} of shape {indices.shape}, expected one or more integers, [batch]"
        )
    if indices.min() < 0 or indices.max() >= samples:
        raise ValueError(f"indices run from {indices.min()} to {indices.max()}, expected 0 to {samples - 1}")
    return indices


def _descents(times: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Positions of the spikes that are earlier than the one before them in the same sample."""
    later = np.flatnonzero(times[1:] < times[:-1]) + 1
    return later[~np.isin(later, offsets)]


def _check_samples(offsets: np.ndarray, labels: np.ndarray, groups: np.ndarray | None, classes: int) -> None:
    if labels.size == 0:
        raise ValueError("got no samples, expected at least one: give a data set that is not empty")
    shapes = {"labels": labels.shape} | ({} if groups is None else {"groups": groups.shape})
    if set(shapes.values()) != {(labels.size,)}:
        given = " and ".join(f"{name} have shape {shape}" for name, shape in shapes.items())
        raise ValueError(f"{given}: give one of each for a sample")
    if offsets.shape != (labels.size + 1,):
        raise ValueError(f"offsets have shape {offsets.shape}, expected ({labels.size + 1},): one more than the labels")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels run from {labels.min()} to {labels.max()}, expected integers 0 to {classes - 1}")


def _check_spikes(times: np.ndarray, units: np.ndarray, offsets: np.ndarray, inputs: int) -> None:
    if times.ndim != 1 or times.shape != units.shape:
        raise ValueError(f"times have shape {times.shape} and units {units.shape}: give one unit for each time")
    if offsets[0] != 0 or offsets[-1] != times.size or np.any(np.diff(offsets) < 0):
        raise ValueError(f"offsets do not rise from 0 to the number of spikes, {times.size}: sum up the sample sizes")
    if times.size == 0:
        return
    if units.dtype.kind not in "iu" or units.min() < 0 or units.max() >= inputs:
        raise ValueError(f"channels run from {units.min()} to {units.max()}, expected integers 0 to {inputs - 1}")
    if not (np.isfinite(times).all() and times.min() >= 0):
        raise ValueError("a spike time is negative or not finite, expected seconds from the start of the sample")
    descents = _descents(times, offsets)
    if descents.size:
        raise ValueError(f"spike {descents[0]} is earlier than the one before it: sort each sample by time")
