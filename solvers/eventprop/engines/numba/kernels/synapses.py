"""Delays of each synapse: every spike arrives at every neuron at a time of its own.

A time is a number of blocks, in fixed point: an unsigned number, in whose lowest ``bits`` is the part of a block. What
goes round in a ring of blocks is such a number modulo the ``size`` of the ring, so the sum of a time and a delay gives
the place in the ring and the part in one, for as many neurons as a vector holds. Neurons are a multiple of eight.
``synapses`` is None where all neurons hear of a spike at the same time, and numba leaves out what depends on it then.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from .flow import INLINE, OPTIONS
from .vectors import shifted


class Synapses(NamedTuple):
    """The delays of all synapses, in blocks.

    Attributes:
        delays: ``[rows, post]``, in fixed point; those that reach beyond the trial are cut.
        length: of a block [s].
        blocks: in the trial.
        slots: blocks in the ring: those in which a spike of now can arrive, and the present one.
        size: of the ring, in fixed point.
        bits: of a part of a block.
    """

    delays: Any
    length: Any
    blocks: Any
    slots: Any
    size: Any
    bits: Any


@njit(**OPTIONS)
def part_of(synapses, p):
    """Part of a block, in fixed point."""
    kind = synapses.delays.dtype.type
    return kind(p & kind((kind(1) << synapses.bits) - kind(1)))


@njit(**OPTIONS)
def in_fixed_point(synapses, position):
    """Block and place in the ring of a position [blocks], rounded down."""
    kind, block = synapses.delays.dtype.type, np.int64(np.floor(position))
    part = kind((position - np.float64(block)) * np.float64(kind(1) << synapses.bits))
    return block, kind(kind(kind(block % synapses.slots) << synapses.bits) + part)


@njit(**INLINE)
def arrival_of(p, size, bits, number):
    """Slot of an arrival, and its ``x`` in ``series`` of the rest of its block.

    Args:
        p: time of the spike in the ring plus the delay, in fixed point.
        size: of the ring, likewise.
        bits: of a part of a block.
        number: type of ``x``, which is 2 lag/length - 1 with the lag from the arrival to the end of its block.
    """
    kind = type(p)
    p = min(p, kind(p - size))  # round the ring
    part = kind(p & kind((kind(1) << bits) - kind(1)))
    return np.uint32(shifted(p, bits)), number(1) - number(2.0 / np.float64(kind(1) << bits)) * number(part)


@njit(**INLINE)
def _series(x, powers, which, d, n, shared):
    """Terms ``d`` to ``d + 3`` of a series, of neuron ``n``."""
    m = np.uint64(0) if shared else np.uint64(n)
    c0, c1, c2, c3 = powers[which, d, m], powers[which, d + 1, m], powers[which, d + 2, m], powers[which, d + 3, m]
    return ((c3 * x + c2) * x + c1) * x + c0


@njit(**INLINE)
def bring(x, powers, n, shared):
    """Current and voltage that a unit weight brings to neuron ``n`` until the end of a block.

    Args:
        x: of the arrival, see ``arrival_of``.
        powers: of ``series.expand``, for stretches as long as a block: 4 or 12 terms.
        n: the neuron.
        shared: whether all neurons have the same time constants.
    """
    current, voltage, fourth = _series(x, powers, 1, 0, n, shared), _series(x, powers, 2, 0, n, shared), x * x * x * x
    if powers.shape[1] > 4:
        current += fourth * (_series(x, powers, 1, 4, n, shared) + fourth * _series(x, powers, 1, 8, n, shared))
        voltage += fourth * (_series(x, powers, 2, 4, n, shared) + fourth * _series(x, powers, 2, 8, n, shared))
    return current, voltage
