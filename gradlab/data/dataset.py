"""A spike data set in memory: ragged samples in flat arrays, checked once."""

import dataclasses
import zlib
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ..networks.encode import Sample
from .conversions import INTEGERS, NUMBERS, class_numbers, joined, numbers, numbers_or_names, spike_times, whole_number

_MOST = 2**31 - 1  # inputs and classes: batches have 32-bit integers
_DRAWN = 10_000  # spikes from which quantiles are estimated


@dataclasses.dataclass(frozen=True, eq=False)
class SpikeData:
    """Labelled spike trains; sample ``k`` owns the spikes ``offsets[k]:offsets[k + 1]``.

    Attributes:
        name: the data set that this is (a part of).
        times: spike times of all samples [s], float32, ascending within a sample; simultaneous spikes are normal and
            keep their order. Given in a finer type, those that float32 cannot tell apart become simultaneous.
        units: input channel of each spike, in ``0..inputs-1``; uint16, or uint32 for more than 65,536 inputs.
        offsets: first spike of each sample, and the number of all spikes at the end; int64 ``[samples + 1]``.
        labels: class of each sample, int32, in ``0..classes-1``. May be given as names.
        groups: whom or what each sample comes from, such as its speaker, int64, or strings for names; None if that is
            not known.
        inputs: number of input channels.
        classes: number of classes.
        time_step: [s]; all times lie on a grid of this step or a finer one, to which an augmentation rounds moved
            times, for spikes that meet at one instant cost less; 0 for times of any value.
        class_names: of all classes in order, for tables and figures, or None. Labels that are given as names have
            their place among these, or by default in alphabetical order (then each class needs a sample).

    Raises:
        ValueError: if the arrays contradict each other, hold an impossible value, or would become other values in the
            types above.
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
    class_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check everything, then keep it in the types above."""
        inputs, classes = whole_number("inputs", self.inputs, _MOST), whole_number("classes", self.classes, _MOST)
        if not 0 <= self.time_step < np.inf:
            raise ValueError(f"time_step is {self.time_step:g} s, expected a finite number >= 0")
        labels, class_names = class_numbers(self.labels, classes, self.class_names)
        groups = None if self.groups is None else numbers_or_names("groups", self.groups)
        offsets = numbers("offsets", self.offsets).astype(np.int64, copy=False)
        _check_samples(offsets, labels, groups)
        times, units = spike_times(self.times), numbers("units", self.units)
        _check_spikes(times, units, offsets, inputs)
        units = units.astype(np.uint16 if inputs <= 2**16 else np.uint32, copy=False)
        kept = dict(
            times=times, units=units, offsets=offsets, labels=labels, groups=groups, inputs=inputs, classes=classes,
            class_names=class_names,
        )  # fmt: skip
        for name, value in kept.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_samples(
        cls,
        name: str,
        times: Iterable[ArrayLike],
        units: Iterable[ArrayLike],
        labels: ArrayLike,
        groups: ArrayLike | None = None,
        *,
        inputs: int,
        classes: int,
        time_step: float = 0.0,
        class_names: Iterable[str] | None = None,
    ) -> "SpikeData":
        """Join ragged samples; a sample that is not in order of time is sorted, ties keeping their order.

        Args:
            name: as for the class.
            times: spike times of each sample [s].
            units: channels of each sample.
            labels: of each sample, numbers or names.
            groups: of each sample, numbers or names, or None.
            inputs: number of input channels.
            classes: number of classes.
            time_step: as for the class.
            class_names: as for the class.

        Raises:
            ValueError: as for the class; also if a sample has not one unit for each time.
        """
        all_times, sizes = joined("times", times, NUMBERS)
        all_times = all_times.astype(np.result_type(all_times, np.float32), copy=False)  # float16 is slow
        all_units, unit_sizes = joined("units", units, INTEGERS)
        given = {"spike trains": len(sizes), "unit trains": len(unit_sizes), "labels": np.size(labels)}
        given |= {} if groups is None else {"groups": np.size(groups)}
        if len(set(given.values())) > 1:
            counts = ", ".join(f"{number} {name}" for name, number in given.items())
            raise ValueError(f"got {counts}, expected one of each for every sample")
        wrong = np.flatnonzero(sizes != unit_sizes)
        if wrong.size:
            row = wrong[0]
            raise ValueError(f"sample {row} has {sizes[row]} times but {unit_sizes[row]} units: give one for each time")
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        for row in np.unique(np.searchsorted(offsets, _descents(all_times, offsets), side="right") - 1):
            here = slice(offsets[row], offsets[row + 1])
            order = np.argsort(all_times[here], kind="stable")  # in the type they came in, which may be finer
            all_times[here], all_units[here] = all_times[here][order], all_units[here][order]
        return cls(
            name, all_times, all_units, offsets, numbers_or_names("labels", labels),
            None if groups is None else numbers_or_names("groups", groups), inputs, classes, time_step,
            None if class_names is None else tuple(class_names),
        )  # fmt: skip

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

    @cached_property
    def time_quantiles(self) -> tuple[float, float]:
        """Times by which about a tenth and half of all spikes have come [s], estimated from some of many; 0 if none."""
        times = self.times
        if times.size > _DRAWN:
            times = times[np.random.default_rng(0).integers(times.size, size=_DRAWN)]
        tenth, half = np.quantile(times, (0.1, 0.5)) if times.size else (0.0, 0.0)
        return float(tenth), float(half)

    @cached_property  # asked for by each training and each name of a checkpoint, of half a gigabyte
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

    def class_name(self, label: int | np.integer) -> str:
        """Name of a class, or its number if it has none."""
        names = self.class_names or ()
        return names[label] if 0 <= label < len(names) else str(label)

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


def _check_samples(offsets: np.ndarray, labels: np.ndarray, groups: np.ndarray | None) -> None:
    if labels.size == 0:
        raise ValueError("got no samples, expected at least one: give a data set that is not empty")
    shapes = {"labels": labels.shape} | ({} if groups is None else {"groups": groups.shape})
    if set(shapes.values()) != {(labels.size,)}:
        given = " and ".join(f"{name} have shape {shape}" for name, shape in shapes.items())
        raise ValueError(f"{given}: give one of each for a sample")
    if offsets.shape != (labels.size + 1,):
        raise ValueError(f"offsets have shape {offsets.shape}, expected ({labels.size + 1},): one more than the labels")


def _check_spikes(times: np.ndarray, units: np.ndarray, offsets: np.ndarray, inputs: int) -> None:
    if times.ndim != 1 or times.shape != units.shape:
        raise ValueError(f"times have shape {times.shape} and units {units.shape}: give one unit for each time")
    if offsets[0] != 0 or offsets[-1] != times.size or np.any(np.diff(offsets) < 0):
        raise ValueError(f"offsets do not rise from 0 to the number of spikes, {times.size}: sum up the sample sizes")
    if units.size and (units.min() < 0 or units.max() >= inputs):
        raise ValueError(f"channels run from {units.min()} to {units.max()}, expected integers 0 to {inputs - 1}")
    descents = _descents(times, offsets)
    if descents.size:
        raise ValueError(f"spike {descents[0]} is earlier than the one before it: sort each sample by time")
