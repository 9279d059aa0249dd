"""Arrays as the kernels take them: in line with the cache, read-only, with ghosts or without."""

import math
from typing import Any

import numpy as np

from ....events import NO_UNIT, ghost_of
from .kernels.arguments import Pool

_LINE = 64  # bytes of a cache line


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros that start at a cache line, so that no vector in rows of them lies across two."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + _LINE - 1, np.uint8)
    first = -memory.ctypes.data % _LINE
    return memory[first : first + size].view(dtype).reshape(shape)


def aligned(array: np.ndarray) -> np.ndarray:
    """The array, or a copy that is aligned likewise: XLA aligns arrays within its programs to 16 bytes only."""
    if array.ctypes.data % _LINE == 0:
        return array
    copy = aligned_zeros(array.shape, array.dtype)
    copy[:] = array
    return read_only([copy])[0]


def without_ghosts(events: Pool) -> Pool:
    """The spikes among events, with nothing between the samples."""
    times, units, start, count = events
    there = units >= 0
    before = np.concatenate([[0], np.cumsum(there)])
    begin, end = before[start].astype(start.dtype), before[start + count].astype(start.dtype)
    return read_only(Pool(times[there], units[there], begin, end - begin))


def with_ghosts(events: Any, size: int) -> tuple[Any, np.ndarray]:
    """The events, ghosts with the index of their neuron; and which of them are spikes, of so many that may be none."""
    ghosts = events.units < NO_UNIT
    units, there = np.where(ghosts, ghost_of(events.units), events.units), ~ghosts[:size]
    return events._replace(units=read_only([units])[0]), there


def read_only(arrays: Any) -> Any:
    """The arrays, marked as XLA's are: for others, numba would compile the kernels a second time."""
    for array in arrays:
        array.flags.writeable = False
    return arrays
