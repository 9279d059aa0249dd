"""Forward kernel for delays of each synapse: what is under way, in a ring of coming blocks.

What arrives in a block changes a neuron's state at the end of that block linearly. So a spike adds its exact
contributions to the ring, one place for each of its targets; only a neuron that could cross the threshold in a block
needs the arrivals one by one, collected again from the spikes of the last longest delay.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from .flow import ALLOCATING, APART, OPTIONS, SHORT
from .synapses import arrival_of, bring, in_fixed_point, part_of
from .vectors import add_to_places, equal_bytes, no_overlap, trailing_zeros, turn_bytes

# Rows of the state, see ``forward``.
_VOLTAGE, _CURRENT, _END_VOLTAGE, _END_CURRENT = range(4)
_GROWN = np.exp(SHORT)  # a current was at most so many times what is left of it at the end of a block


class Sent(NamedTuple):
    """Spikes that have been sent, input events and the layer's own.

    Attributes:
        blocks: of each ``[spikes]``.
        places: of each in the ring, in fixed point.
        rows: of each in the weights.
        recent: ``[8, post]``, slots in which the last ones arrive, modulo 256.
        columns: ``[spikes / 64, post, 64]``, the same of all others.
        range: ``[2]``, the first that may still arrive, and the number of all.
    """

    blocks: np.ndarray
    places: np.ndarray
    rows: np.ndarray
    recent: np.ndarray
    columns: np.ndarray
    range: np.ndarray


class UnderWay(NamedTuple):
    """What has been sent and may not have arrived yet.

    Attributes:
        ring: ``[slots, 4 * post]``: what arrives in a block adds to the current and the voltage at its end, and the
            negative part of both.
        places: ``[post]``, to be overwritten.
        current: ``[post]``, likewise.
        voltage: ``[post]``, likewise.
        sent: the spikes.
        times: ``[spikes + 1]``, arrivals at one neuron in one block, to be overwritten [s].
        which: ``[spikes + 1]``, likewise, which spikes they are.
    """

    ring: np.ndarray
    places: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    sent: Sent
    times: np.ndarray
    which: np.ndarray


@njit(**ALLOCATING)
def room_under_way(synapses, neurons, spikes, dtype):
    """Room for what is under way in a sample of so many ``spikes`` at most; None without synapses."""
    if synapses is None:
        return None
    sent = Sent(
        np.empty(spikes, np.int64), np.empty(spikes, synapses.delays.dtype), np.empty(spikes, np.uint32),
        np.empty((8, neurons), np.uint8), np.empty((spikes // 64 + 1, neurons, 64), np.uint8), np.zeros(2, np.int64),
    )  # fmt: skip
    return UnderWay(
        np.empty((synapses.slots, 4 * neurons), dtype), np.empty(neurons, np.uint32), np.empty(neurons, dtype),
        np.empty(neurons, dtype), sent, np.empty(spikes + 1), np.empty(spikes + 1, np.int64),
    )  # fmt: skip


@njit(**OPTIONS)
def start(under_way):
    """At the start of a sample nothing is under way."""
    if under_way is not None:
        under_way.ring[:] = 0
        under_way.sent.range[:] = 0


@njit(**OPTIONS)
def _turn(recent, columns, place):
    """Put the slots of the last eight spikes from a row of each into a column."""
    for n in range(0, recent.shape[1], 8):
        turn_bytes(recent, np.uint64(n), columns, np.uint64(place))


@njit(**APART)
def _arrive(at, delays, size, bits, weights, powers, shared, places, slots, current, voltage):
    """Where the arrivals of a spike fall in the ring, and what they add to currents and voltages there.

    Args:
        at: the spike, in fixed point.
        delays: of it to each neuron.
        size: of ``Synapses``, likewise the following.
        bits: see there.
        weights: of the spike at each neuron.
        powers: see ``bring``, likewise the following.
        shared: see there.
        places: receives slot times number of neurons plus neuron, times two.
        slots: receives the slots modulo 256.
        current: receives what is added.
        voltage: likewise.
    """
    no_overlap()
    kind, number, step = delays.dtype.type, weights.dtype.type, np.uint32(2 * len(delays))
    for n in range(len(delays)):
        slot, x = arrival_of(kind(delays[n] + at), size, bits, number)
        places[n], slots[n] = np.uint32(np.uint32(slot * step) + np.uint32(2 * n)), np.uint8(slot)
        current[n] = x  # for the time being
    if shared:
        for n in range(len(delays)):
            c, v = bring(current[n], powers, n, True)
            current[n], voltage[n] = weights[n] * c, weights[n] * v
    else:
        for n in range(len(delays)):
            c, v = bring(current[n], powers, n, False)
            current[n], voltage[n] = weights[n] * c, weights[n] * v


@njit(**OPTIONS)
def send(weights, synapses, sample, e, spikes, units, inputs, r, stop, block, powers, shared, under_way):
    """Add to the ring what the input events from ``e`` on, and the layer's ``spikes`` from ``r`` to ``stop``, bring.

    The events are those that come until the end of this ``block``, the spikes are those of the last one.

    Returns:
        The next event and the next spike.
    """
    ring, places, current, voltage, sent, _, _ = under_way
    times, channels, count = sample
    while True:
        position = np.float64(times[e]) / synapses.length if e < count else np.inf
        if position < block + 1:
            row = np.int64(channels[e])
            e += 1
        elif r < stop:  # a spike is not before its block, nor does it arrive there
            row, position = np.int64(inputs + units[r]), max(np.float64(spikes[r]) / synapses.length, block - 1.0)
            r += 1
        else:
            return e, r
        k = sent.range[1]
        sent.blocks[k], sent.places[k] = in_fixed_point(synapses, position)
        sent.rows[k] = row
        sent.range[1] += 1
        _arrive(
            sent.places[k], synapses.delays[row], synapses.size, synapses.bits, weights[row], powers, shared, places,
            sent.recent[k % 8], current, voltage,
        )  # fmt: skip
        for n in range(0, len(places), 8):
            add_to_places(ring, places, current, voltage, np.uint64(n))
        if k % 8 == 7:
            _turn(sent.recent, sent.columns[k // 64], k % 64 - 7)


@njit(**OPTIONS)
def step(state, flow, under_way, synapses, block, level, flags):
    """As ``forward._step``, with what arrives in a block out of the ring.

    From an upward crossing on, the current is at least what is left of the threshold, and the ``least`` that can be
    left of the current at the start of the block. So the voltage ends no lower than one that starts at the threshold
    and decays together with the larger of both, or goes to the ``least``; negative arrivals take away what is ``lost``.
    """
    number = state.dtype.type
    least, lost, place = under_way.current, under_way.voltage, under_way.ring[block % synapses.slots]
    for n in range(state.shape[1]):
        state[_END_CURRENT, n], state[_END_VOLTAGE, n] = place[4 * n], place[4 * n + 1]
        least[n], lost[n] = place[4 * n + 2], place[4 * n + 3]
    place[:] = 0
    for n in range(state.shape[1]):
        v, i = state[_VOLTAGE, n], state[_CURRENT, n]
        left = flow[1, n] * i
        state[_END_VOLTAGE, n] += flow[0, n] * v + flow[2, n] * i
        state[_END_CURRENT, n] += left
        least[n] = left + number(_GROWN) * least[n]
    for n in range(state.shape[1]):
        together, towards = flow[2, n] * max(level[n], least[n]) + lost[n], (number(1) - flow[0, n]) * least[n]
        bound = flow[0, n] * level[n] + max(together, towards)
        flags[n] = state[_END_VOLTAGE, n] >= min(level[n], bound)


@njit(**OPTIONS)
def arrivals_at(synapses, n, block, under_way, arrive, rows):
    """Times and rows of what arrives at neuron ``n`` in a block, in order; returns how many.

    Args:
        synapses: see there.
        n: the neuron.
        block: the block.
        under_way: see there.
        arrive: receives the times [s].
        rows: receives the rows of the weights.
    """
    sent, times, which = under_way.sent, under_way.times, under_way.which
    here, bits, some, found = np.uint8(block % synapses.slots), np.int64(synapses.bits), 0, 0
    first, count = sent.range
    while first < count and sent.blocks[first] + synapses.slots <= block:
        first += 1
    sent.range[0] = first
    neurons, filled = sent.columns.shape[1], count // 8 * 8
    for g in range(first // 64, -(-filled // 64)):
        arriving = equal_bytes(sent.columns, np.uint64((g * neurons + n) * 64), here)
        while True:  # mostly once: a branch for each would often be mispredicted
            which[some] = 64 * g + trailing_zeros(arriving)
            some += (arriving != 0) & (which[some] < filled)
            arriving &= arriving - np.uint64(1)
            if arriving == 0:
                break
    for k in range(filled, count):
        which[some] = k
        some += sent.recent[k % 8, n] == here
    for a in range(some):
        k = which[a]
        after = np.int64(part_of(synapses, sent.places[k])) + np.int64(synapses.delays[sent.rows[k], n])
        times[found] = (block + np.float64(after & ((1 << bits) - 1)) / np.float64(1 << bits)) * synapses.length
        which[found] = k
        found += (k >= first) & (sent.blocks[k] + (after >> bits) == block)
    for a in range(found):  # in order: there are few
        before, t = 0, times[a]
        for b in range(found):
            before += (times[b] < t) | ((times[b] == t) & (b < a))
        arrive[before], rows[before] = t, sent.rows[which[a]]
    return found
