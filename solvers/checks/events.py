"""Events that a simulator can take: arrays that fit together, in order of time, of units that there are."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..events import Events
from .findings import Finding, values


def batch_shapes(events: Any, *, single: bool) -> None:
    """Refuse what are not the events of a batch, or, if that is allowed, of a single sample.

    Raises:
        TypeError: if they, or their arrays, are of another type.
        ValueError: if the shapes do not fit together.
    """
    if not isinstance(events, Events):
        raise TypeError(f"events are of type {type(events).__name__}, expected Events: make them with pad_events")
    for name, kind, kinds in (("times", "floating point", "f"), ("units", "integer", "iu"), ("count", "integer", "iu")):
        array: Any = getattr(events, name)
        if not isinstance(array, jax.Array | np.ndarray | np.generic):
            raise TypeError(f"events.{name} is of type {type(array).__name__}, expected an array: use pad_events")
        if jnp.dtype(array.dtype).kind not in kinds:
            raise TypeError(f"events.{name} has type {array.dtype}, expected {kind} (times are in seconds)")
    times, units, count = events[:3]
    if times.ndim not in ((1, 2) if single else (2,)):
        allowed = "[capacity] or [batch, capacity]" if single else "[batch, capacity]: add a batch axis"
        raise ValueError(f"events.times have shape {times.shape}, expected {allowed}")
    if units.shape != times.shape:
        raise ValueError(f"events.units have shape {units.shape}, expected that of events.times, {times.shape}")
    if count.shape != times.shape[:-1]:
        raise ValueError(f"events.count has shape {count.shape}, expected {times.shape[:-1]}: one number a sample")


def in_32_bits(events: Events, inputs: int, real: Any) -> Events:
    """The same events with times of the type ``real`` and 32-bit integers.

    Numbers too large for these become others that are too large, not small ones.
    """
    return Events(
        events.times.astype(real),
        _int32(events.units, inputs),
        _int32(events.count, events.capacity + 1),
        None if events.amplitudes is None else events.amplitudes.astype(real),
    )


def _int32(array: Any, most: int) -> Any:
    if array.dtype != np.int32 and array.dtype.itemsize >= 4:
        array = array.clip(-most - 2 if array.dtype.kind == "i" else 0, most)
    return array.astype(np.int32)


def event_findings(events: Events, inputs: int) -> list[Finding]:
    """What may be wrong with a batch of events for a layer of so many inputs.

    A sample that had no room for its events (``count`` above the capacity) has no times that could be wrong.
    """
    sources = events.units if events.amplitudes is None else events.sources
    times, units, count = map(values, (events.times, sources, events.count))
    there = np.arange(times.shape[1], dtype=np.int32) < (count * (count <= times.shape[1]))[:, None]
    order = there[:, 1:] & ~(times[:, 1:] >= times[:, :-1])
    begin = there[:, :1] & ~(times[:, :1] >= 0)
    outside = there & ((units < 0) | (units >= inputs))
    return [
        Finding("events.count is negative, expected the number of events", count < 0),
        Finding(
            "events.times must be >= 0 and in order: sort each sample (solvers.events.pad_events does)",
            order.any(1) | begin.any(1),
        ),
        Finding(
            f"events.units holds a unit outside the rows of w_in, 0 to {inputs - 1}: check the units, or the shape of "
            "w_in",
            outside.any(1),
        ),
    ]
