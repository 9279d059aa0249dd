"""Data sets of tonic, the library of event-based data sets, as spikes of channels."""

from typing import Any

import numpy as np

from .dataset import SpikeData
from .own import from_lists

_MICROSECONDS = 1e-6  # tonic's unit of time [s]


def from_tonic(
    dataset: Any, sensor_size: tuple[int, int, int] | None = None, *, time_unit: float = _MICROSECONDS, **others: Any
) -> SpikeData:
    """A data set from one of tonic's, or anything with events and a class for each recording.

    A pixel and polarity is a channel, ``(polarity * height + y) * width + x``. All recordings are read into memory.

    Args:
        dataset: ``dataset[k]`` is ``(events, class)``; events have the fields ``t`` and ``x``, and may have ``y`` and
            ``p``. With tonic's transforms, if they leave such events.
        sensor_size: width, height and number of polarities; by default ``dataset.sensor_size``. With one polarity ``p``
            is not looked at.
        time_unit: of ``t`` [s].
        **others: as for ``from_lists``, such as ``class_names``.

    Raises:
        ValueError: if a recording holds no such events, or one outside the sensor; or as ``from_lists``.
    """
    size = getattr(dataset, "sensor_size", None) if sensor_size is None else sensor_size
    if size is None or len(size) != 3 or None in size:
        raise ValueError(f"sensor_size is {size}, expected the width, the height and the number of polarities: give it")
    times, units, labels = [], [], []
    for number in range(len(dataset)):
        events, label = dataset[number]
        times.append((np.asarray(_field(events, "t", number), np.float64) * time_unit).astype(np.float32))
        units.append(_channels(events, size, number))
        labels.append(label)
    named: dict[str, Any] = {"name": type(dataset).__name__.lower(), "inputs": int(np.prod(size))}
    return from_lists(times, units, np.asarray(labels), **named | others)


def _channels(events: Any, size: tuple[int, int, int], number: int) -> np.ndarray:
    """Of each event of a recording."""
    channel: np.ndarray | int = 0
    for field, most in (("p", size[2]), ("y", size[1]), ("x", size[0])):
        if most == 1 and field != "x":
            continue
        place = np.asarray(_field(events, field, number)).astype(np.int64)
        if place.size and (place.min() < 0 or place.max() >= most):
            raise ValueError(
                f"recording {number} has events with {field} from {place.min()} to {place.max()}, expected 0 to "
                f"{most - 1}: correct sensor_size, which is {size}"
            )
        channel = channel * most + place
    return np.asarray(channel).astype(np.uint16 if np.prod(size) <= 2**16 else np.uint32)


def _field(events: Any, name: str, number: int) -> Any:
    names = getattr(getattr(events, "dtype", None), "names", None) or ()
    if name not in names:
        found = f"fields {', '.join(names)}" if names else f"type {type(events).__name__} without fields"
        raise ValueError(
            f"recording {number} has no field {name!r} ({found}), expected events with t, x, and of a larger sensor y "
            "and p: leave out transforms that make something else of them"
        )
    return events[name]
