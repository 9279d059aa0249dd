"""Delays of each synapse: every spike arrives at every neuron at a time of its own.

What arrives in a block changes a neuron's state at the end of that block linearly. So a spike adds its exact
contributions to a ring of coming blocks, one place for each of its targets; only a neuron that could cross the
threshold in a block needs the arrivals one by one, collected again from the spikes of the last longest delay. The
adjoint gathers from a ring of past blocks: see ``synapses_backward``.

A time is a block and a part of it; so is a delay, whose blocks and parts are kept for each synapse. ``synapses`` is
None where all neurons hear of a spike at the same time, and numba leaves out what depends on it then.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from .flow import ALLOCATING, OPTIONS, short_flow

# Columns of the ring: what arrives adds to the current and to the voltage at the end of the block, and what its
# negative part takes from a voltage at most.
CURRENT, VOLTAGE, DOWN, WIDTH = 0, 1, 2, 4  # a power of two
_NEAR = 1e-2  # [blocks]; in single precision, positions within 1000 s are as fine at blocks of 1 ms


class Synapses(NamedTuple):
    """The delays of all synapses, in blocks.

    Attributes:
        whole: ``[rows, post]``, rounded down; those that reach beyond the trial are cut.
        part: ``[rows, post]``, the rest, below 1.
        by_target: ``[post, rows]``, both together in single precision.
        longest: of all.
    """

    whole: np.ndarray
    part: np.ndarray
    by_target: np.ndarray
    longest: np.ndarray


class Sent(NamedTuple):
    """Spikes of one kind, input events or the layer's own.

    Attributes:
        positions: of each ``[spikes]`` [blocks].
        near: the same in single precision.
        rows: of each in the weights.
        flags: of those that may arrive; eight at a time are looked at.
        first: ``[1]``, the first that may still arrive.
    """

    positions: np.ndarray
    near: np.ndarray
    rows: np.ndarray
    flags: np.ndarray
    first: np.ndarray


class UnderWay(NamedTuple):
    """What has been sent and may not have arrived yet.

    Attributes:
        ring: ``[slots, post, WIDTH]``, what will arrive.
        work: ``[4, post]``, to be overwritten.
        block_of: ``[post]``, likewise.
        inputs: the input events.
        own: the layer's spikes.
    """

    ring: np.ndarray
    work: np.ndarray
    block_of: np.ndarray
    inputs: Sent
    own: Sent


@njit(**ALLOCATING)
def _room(count):
    flags = np.zeros(-(-count // 8) * 8, np.uint8)
    return Sent(np.empty(count), np.empty(count, np.float32), np.empty(count, np.uint32), flags, np.zeros(1, np.int64))


@njit(**OPTIONS)
def _note(sent, k, position, row):
    sent.positions[k], sent.near[k], sent.rows[k] = position, position, row


@njit(**ALLOCATING)
def nothing_under_way(synapses, neurons, sample, capacity, length, dtype):
    """At the start of a sample, all of whose input events are known; None without synapses."""
    if synapses is None:
        return None
    times, units, count = sample
    inputs = _room(count)
    for e in range(count):
        _note(inputs, e, np.float64(times[e]) / length, units[e])
    ring, work = np.zeros((slots(synapses), neurons, WIDTH), dtype), np.empty((4, neurons), dtype)
    return UnderWay(ring, work, np.empty(neurons, np.uint32), inputs, _room(capacity))


@njit(**ALLOCATING)
def in_blocks(lags, length, duration, dtype):
    """The ``Synapses`` of delays ``[rows, post]`` [s]; None if there are none."""
    if lags is None:
        return None
    whole, part = np.empty(lags.shape, np.uint32), np.empty(lags.shape, dtype)
    by_target = np.empty((lags.shape[1], lags.shape[0]), np.float32)
    most, longest = np.ceil(duration / length) + 2, 0
    for r in range(lags.shape[0]):
        for n in range(lags.shape[1]):
            blocks = min(lags[r, n] / length, most)
            whole[r, n] = np.floor(blocks)
            part[r, n] = blocks - np.floor(blocks)
            by_target[n, r] = blocks
            longest = max(longest, int(whole[r, n]))
    return Synapses(whole, part, by_target, longest)


@njit(**OPTIONS)
def slots(synapses):
    """Length of a ring that holds all blocks in which a spike of now can arrive: a power of two."""
    count = 1
    while count < synapses.longest + 3:
        count *= 2
    return count


@njit(**OPTIONS)
def arrive_at(synapses, row, block, part, block_of, offset):
    """Block of each arrival, and its place in it as a part of the block."""
    one = offset.dtype.type(1)
    for n in range(len(offset)):
        x = part + synapses.part[row, n]
        block_of[n] = block + synapses.whole[row, n] + np.uint32(x >= one)
        offset[n] = x - one if x >= one else x


# Loops below are short, because the compiler makes vectors only of those that touch few arrays.


@njit(**OPTIONS)
def lags_to_end(offset, length, lag):
    """From places in blocks, in parts, to the ends of the blocks [s]."""
    number = lag.dtype.type
    for n in range(len(lag)):
        lag[n] = (number(1) - offset[n]) * number(length)


@njit(**OPTIONS)
def fill_current_and_voltage(lag, rate_mem, rate_syn, current, voltage):
    """What a unit weight has left of its current after a lag of at most a block, and the voltage that it brings."""
    for n in range(len(lag)):
        _, current[n], voltage[n], _, _ = short_flow(lag[n], rate_mem[n], rate_syn[n])


@njit(**OPTIONS)
def _times_weights(weights, row, values):
    for n in range(len(values)):
        values[n] *= weights[row, n]


@njit(**OPTIONS)
def send(weights, synapses, row, position, length, rate_mem, rate_syn, under_way):
    """Add to the ring what a spike at a position [blocks] brings to all its targets."""
    number = weights.dtype.type
    ring, work, block_of, _, _ = under_way
    lag, current, voltage, down = work[0], work[1], work[2], work[3]
    whole = np.floor(position)
    arrive_at(synapses, row, np.uint32(whole), number(position - whole), block_of, down)
    lags_to_end(down, length, lag)
    fill_current_and_voltage(lag, rate_mem, rate_syn, current, voltage)
    _times_weights(weights, row, current)
    _times_weights(weights, row, voltage)
    for n in range(len(down)):
        down[n] = min(weights[row, n], number(0)) * lag[n] * rate_mem[n]  # above 1 - exp(-lag/tau_mem)
    mask = np.uint32(len(ring) - 1)
    for n in range(len(down)):
        place = ring[block_of[n] & mask, n]
        place[CURRENT] += current[n]
        place[VOLTAGE] += voltage[n]
        place[DOWN] += down[n]


@njit(**OPTIONS)
def send_inputs(weights, synapses, e, block, length, rate_mem, rate_syn, under_way):
    """Send the input events from ``e`` on that come before the end of a block; returns the next one."""
    positions, rows = under_way.inputs.positions, under_way.inputs.rows
    while e < len(positions) and positions[e] < block + 1:
        send(weights, synapses, rows[e], positions[e], length, rate_mem, rate_syn, under_way)
        e += 1
    return e


@njit(**OPTIONS)
def send_own(weights, synapses, times, units, inputs, begin, stop, block, length, rate_mem, rate_syn, under_way):
    """Send the layer's spikes ``begin`` to ``stop``, which are of a block; their rows are below ``inputs`` others."""
    for k in range(begin, stop):
        position, row = max(np.float64(times[k]) / length, np.float64(block)), inputs + units[k]  # not before the block
        _note(under_way.own, k, position, row)
        send(weights, synapses, row, position, length, rate_mem, rate_syn, under_way)


@njit(**OPTIONS)
def take(ring, block, sums, down):
    """What arrives in a block, out of the ring: into ``sums`` ``[2, post]`` and ``down`` ``[post]``."""
    place = ring[np.uint32(block) & np.uint32(len(ring) - 1)]
    for n in range(len(down)):
        sums[0, n], sums[1, n], down[n] = place[n, CURRENT], place[n, VOLTAGE], place[n, DOWN]
    place[:] = 0


@njit(**OPTIONS)
def _flag_near(sent, to_neuron, first, count, block):
    """Flag spikes ``first`` to ``count`` that arrive in a block or within rounding of it."""
    _, near, rows, flags, _ = sent
    low, high = np.float32(block - _NEAR), np.float32(block + 1 + _NEAR)
    for k in range(first, count):
        x = near[k] + to_neuron[rows[k]]
        flags[k] = (x >= low) & (x <= high)


@njit(**OPTIONS)
def _collect(synapses, n, block, length, sent, count, arrive, rows, found):
    """Arrivals at neuron ``n`` in a block, of the first ``count`` spikes of a kind, after the ``found`` ones.

    Returns:
        The number of arrivals.
    """
    positions, _, row_of, flags, first = sent
    while first[0] < count and positions[first[0]] + synapses.longest + 2 < block:
        first[0] += 1
    _flag_near(sent, synapses.by_target[n], first[0], count, block)
    groups = flags.view(np.uint64)
    for g in range(first[0] // 8, -(-count // 8)):
        if groups[g] == 0:
            continue
        for k in range(8 * g, min(8 * g + 8, count)):
            whole, r = np.floor(positions[k]), row_of[k]
            x = synapses.part.dtype.type(positions[k] - whole) + synapses.part[r, n]
            over = x >= 1
            if flags[k] and np.int64(whole) + np.int64(synapses.whole[r, n]) + over == block:
                arrive[found], rows[found] = (block + np.float64(x) - over) * length, r
                found += 1
    return found


@njit(**OPTIONS)
def arrivals_at(synapses, n, block, length, under_way, e, spikes, arrive, rows):
    """Times and rows of what arrives at neuron ``n`` in a block, in order; returns how many.

    Args:
        synapses: see there.
        n: the neuron.
        block: the block.
        length: of a block [s].
        under_way: see there.
        e: number of input events so far.
        spikes: number of the layer's spikes so far that its neurons hear of.
        arrive: receives the times [s].
        rows: receives the rows of the weights.
    """
    count = _collect(synapses, n, block, length, under_way.inputs, e, arrive, rows, 0)
    count = _collect(synapses, n, block, length, under_way.own, spikes, arrive, rows, count)
    # Insertion sort: there are few.
    for a in range(1, count):
        b = a
        while b > 0 and arrive[b - 1] > arrive[b]:
            arrive[b - 1], arrive[b] = arrive[b], arrive[b - 1]
            rows[b - 1], rows[b] = rows[b], rows[b - 1]
            b -= 1
    return count
