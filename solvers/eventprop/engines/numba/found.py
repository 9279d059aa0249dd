"""Where the forward kernels put spikes: memory of each thread, one sample after the other; then all in their order.

A thread does not know before how many spikes its samples have. Its memory is as large as they may have altogether; the
system provides what is written to.
"""

from typing import Any, NamedTuple

import numpy as np

from ....events import NO_UNIT
from .kernels.arguments import Found


class Memory(NamedTuple):
    """Of a thread.

    Attributes:
        found: spikes of all its samples, one sample after the other.
        release: see ``Kept``; None likewise.
        margins: likewise.
    """

    found: Found
    release: np.ndarray | None
    margins: np.ndarray | None

    @property
    def arrays(self) -> list[np.ndarray]:
        """Of each spike: times, units, currents, and what else there is."""
        others = [x for x in (self.release, self.margins) if x is not None]
        return [*self.found[:3], *others]


def memory(
    slots: int, times: Any, real: Any, counts: tuple[np.ndarray, np.ndarray], *, clamps: bool, marks: bool
) -> Memory:
    """For so many spikes.

    Args:
        slots: number of spikes.
        times: type of the times.
        real: of other numbers.
        counts: ``start`` and ``count`` of all samples, which the threads share.
        clamps: whether there are releases.
        marks: whether there are margins.
    """
    found = Found(np.empty(slots, times), np.empty(slots, np.int32), np.empty(slots, real), *counts)
    return Memory(found, np.zeros(slots, real) if clamps else None, np.zeros(slots, np.uint8) if marks else None)


def in_order(threads: list[Memory], start: np.ndarray, stored: np.ndarray, slots: int) -> list[np.ndarray]:
    """The spikes of all threads, those of each sample from a ``start`` on; the arrays of ``Memory``, padded.

    Args:
        threads: of which sample b is with b modulo their number.
        start: first slot of each sample, ascending.
        stored: number of spikes of each sample that are to be there.
        slots: in the result.
    """
    result = []
    for number, empty in zip(range(len(threads[0].arrays)), (np.inf, NO_UNIT, 0, 0, 0), strict=False):
        parts = [each.arrays[number] for each in threads]
        array, end = np.empty(slots, parts[0].dtype), 0
        for b in np.flatnonzero(stored):
            begin = threads[0].found.start[b]
            array[end : start[b]] = empty
            end = start[b] + stored[b]
            array[start[b] : end] = parts[b % len(parts)][begin : begin + stored[b]]
        array[end:] = empty
        result.append(array)
    return result
