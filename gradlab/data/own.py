"""One's own recordings: from lists, from a table, from a file; and a test set out of them."""

import dataclasses
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .conversions import INTEGERS, numbers, numbers_or_names
from .dataset import SpikeData
from .hdf5 import read_parts
from .splits import Splits, by_group

_SHD_LAYOUT = "spikes/times[]", "spikes/units[]", "labels"
_NEEDED, _OTHERS = ("times", "units", "samples", "labels"), ("groups", "class_names")  # arrays of an .npz
_PART = 5  # one in so many samples of each class is for the test


def from_lists(
    times: Iterable[ArrayLike], units: Iterable[ArrayLike], labels: ArrayLike, groups: ArrayLike | None = None,
    *, inputs: int | None = None, class_names: Sequence[str] | None = None, name: str = "own",
) -> SpikeData:  # fmt: skip
    """A data set from the spike times and channels of each recording.

    Args:
        times: of each recording [s], in any order.
        units: channel of each spike, from 0 on.
        labels: class of each recording: numbers from 0 on, or names.
        groups: whom or what each recording comes from; None if that does not matter.
        inputs: number of channels; by default up to the highest one with a spike.
        class_names: of all classes in order; by default those that there are.
        name: of the set.

    Raises:
        ValueError: as ``SpikeData``.
    """
    all_times, all_units = list(times), list(units)
    given = numbers_or_names("labels", labels)
    if class_names is not None:
        classes = len(class_names)
    elif given.dtype.kind in "iu":
        classes = int(given.max(initial=0)) + 1
    else:
        classes = max(len(np.unique(given)), 1)
    if inputs is None:
        inputs = 1 + max((int(np.max(each)) for each in all_units if np.size(each)), default=0)
    return SpikeData.from_samples(
        name, all_times, all_units, given, groups, inputs=max(inputs, 1), classes=classes, class_names=class_names
    )


def from_frame(frame: Any, labels: Mapping[Any, Any] | None = None, **others: Any) -> SpikeData:
    """A data set from a table with a row for each spike, such as a pandas DataFrame.

    Args:
        frame: columns ``time`` [s], ``unit``, ``sample`` (a number or name of the recording), and ``label`` unless
            ``labels`` are given.
        labels: class of each recording; those without a spike have a place here only.
        **others: as for ``from_lists``.

    Returns:
        The recordings in ascending order of ``sample``.

    Raises:
        ValueError: if a column is missing, a recording has several labels or none, or as ``from_lists``.
    """
    wanted = ["time", "unit", "sample", *([] if labels is not None else ["label"])]
    if missing := [column for column in wanted if column not in frame]:
        raise ValueError(f"the table has no column {missing[0]!r}, expected {', '.join(wanted)}")
    time, unit, sample = (np.asarray(frame[column]) for column in wanted[:3])
    if labels is None:
        labels = {}
        for key, label in dict.fromkeys(zip(sample.tolist(), np.asarray(frame["label"]).tolist(), strict=True)):
            if labels.setdefault(key, label) != label:
                raise ValueError(f"recording {key!r} has the labels {labels[key]!r} and {label!r}, expected one")
    keys = sorted(labels)
    place = {key: number for number, key in enumerate(keys)}
    if unknown := [key for key in np.unique(sample).tolist() if key not in place]:
        raise ValueError(f"recording {unknown[0]!r} has no label: give one for each")
    rows = _rows(np.array([place[key] for key in sample.tolist()], np.int64), len(keys))
    return from_lists([time[row] for row in rows], [unit[row] for row in rows], [labels[key] for key in keys], **others)


def _rows(samples: np.ndarray, count: int) -> list[np.ndarray]:
    """Positions of the spikes of each sample, in their order."""
    order = np.argsort(samples, kind="stable")
    return [order[start:end] for start, end in pairwise([0, *np.cumsum(np.bincount(samples, minlength=count))])]


def read_file(path: str | Path) -> SpikeData:
    """A data set from a file.

    Args:
        path: of an ``.npz`` with ``times`` [s], ``units`` and ``samples`` of all spikes, and ``labels`` of all samples,
            perhaps also ``groups`` and ``class_names``; or of an ``.h5`` in the layout of SHD.

    Raises:
        ValueError: if it is another file, damaged, or as ``from_lists``.
        OSError: if it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist, expected a file of spikes, .npz or .h5")
    read = {".npz": _read_npz, ".h5": _read_shd_layout, ".hdf5": _read_shd_layout}.get(path.suffix)
    if read is None:
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'}, expected .npz, or .h5 in the layout of SHD")
    try:
        return read(path)
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        said = str(error)
        raise ValueError(said if said.startswith(str(path)) else f"{path}: {said}") from error


def _name(path: Path) -> str:
    return f"own-{path.stem}"  # like no registered set


def _read_npz(path: Path) -> SpikeData:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in (*_NEEDED, *_OTHERS) if name in file}
    if missing := [name for name in _NEEDED if name not in arrays]:
        raise ValueError(f"there is no array {missing[0]!r}, expected {', '.join(_NEEDED)}")
    times, units = arrays["times"], arrays["units"]
    samples, count = numbers("samples", arrays["samples"], INTEGERS), len(arrays["labels"])
    if not times.shape == units.shape == samples.shape or times.ndim != 1:
        shapes = times.shape, units.shape, samples.shape
        raise ValueError(f"times, units and samples have the shapes {shapes}, expected one entry of each for a spike")
    if samples.size and (samples.min() < 0 or samples.max() >= count):
        raise ValueError(f"samples run from {samples.min()} to {samples.max()}, but there are labels of {count}")
    rows, names = _rows(samples.astype(np.int64), count), arrays.get("class_names")
    return from_lists(
        [times[row] for row in rows], [units[row] for row in rows], arrays["labels"], arrays.get("groups"),
        class_names=None if names is None else names.tolist(), name=_name(path),
    )  # fmt: skip


def _read_shd_layout(path: Path) -> SpikeData:
    sizes, times, unit_sizes, units, labels = read_parts(path, _SHD_LAYOUT)
    rows = [
        [numbers[start:end] for start, end in pairwise([0, *np.cumsum(lengths).tolist()])]
        for numbers, lengths in ((times, sizes), (units, unit_sizes))
    ]
    return from_lists(rows[0], rows[1], labels, name=_name(path))


def own_splits(
    path: str | Path, test: str | Path | None = None, validation_groups: Sequence[int | str] | None = None
) -> Splits:
    """Training, validation and test set from one's own files.

    Args:
        path: of the recordings, see ``read_file``.
        test: of those to test on; by default a fifth of the recordings of each class, the same ones each time.
        validation_groups: to hold out of the training set; by default none.

    Raises:
        ValueError: as ``read_file``; for one recording of a class; or as ``by_group``.
        OSError: if a file cannot be read.
    """
    data = read_file(path)
    if test is None:
        data, tested = _a_part_held_out(data)
    else:
        tested = read_file(test)
        inputs, classes = max(data.inputs, tested.inputs), max(data.classes, tested.classes)
        sizes: dict[str, Any] = {"inputs": inputs} | (
            {"classes": classes} if data.class_names == tested.class_names is None else {}
        )
        data, tested = (dataclasses.replace(each, **sizes) for each in (data, tested))
    if not validation_groups:
        return Splits(data, None, tested)
    return Splits(*by_group(data, validation_groups), tested)


def _a_part_held_out(data: SpikeData) -> tuple[SpikeData, SpikeData]:
    """The rest, and a part of each class, drawn from a fixed seed."""
    tested = np.zeros(len(data), bool)
    for label in np.unique(data.labels):
        of_class = np.flatnonzero(data.labels == label)
        if len(of_class) < 2:
            raise ValueError(
                f"class {data.class_name(label)} has one recording, expected two or more to train and test on"
            )
        chosen = np.random.default_rng(0).permutation(of_class)[: max(len(of_class) // _PART, 1)]
        tested[chosen] = True
    return data.select(np.flatnonzero(~tested)), data.select(np.flatnonzero(tested))
