"""Ghosts and margins, for a gradient that sees spikes appear and vanish; see ``solvers.smoothing``.

The voltage is looked at when blocks end. ``watch`` is None without smoothing, and ``marks`` in the backward kernel;
numba leaves out what depends on arguments that are None.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from .....smoothing import FAR, PARTS
from .crossing import time_of_maximum
from .flow import ALLOCATING, INLINE, OPTIONS


class Watch(NamedTuple):
    """What the forward kernel needs to fill in ghosts among the spikes, and margins.

    Attributes:
        margins: ``[capacity]``, of spikes: v*/threshold - 1 in ``PARTS`` of the half-width, or ``FAR``.
        half_width: see ``Smoothing``.
        dip: likewise.
    """

    margins: Any
    half_width: Any
    dip: Any


class Marks(NamedTuple):
    """What the backward kernel takes beside the spikes.

    Attributes:
        there: ``[capacity]``, whether it is a spike, not a ghost.
        margins: see ``Watch``.
        at_amplitudes: derivative of the loss with respect to the amplitudes, ``[capacity]``.
        inputs: ``[events]``, whether an input event is a spike; empty if all are.
        d_inputs: receives the derivative with respect to their amplitudes.
        half_width: see ``Smoothing``; negative for a boxcar.
        floor: likewise.
        timing: whether the gradient has this part.
        existence: likewise.
    """

    there: Any
    margins: Any
    at_amplitudes: Any
    inputs: Any
    d_inputs: Any
    half_width: Any
    floor: Any
    timing: Any
    existence: Any


class Traces(NamedTuple):
    """What is followed of each neuron.

    Attributes:
        rows: see below.
        when: the voltage was highest [s].
        spikes: the one of each neuron whose margin is not known.
        flags: of neurons at whose voltage something is over, see ``_compare``.
    """

    rows: Any
    when: Any
    spikes: Any
    flags: Any


# Rows: the highest voltage since it rises, -inf if it does not; the lowest since it falls; what the last spike took
# from it, infinite if its margin is known; the highest that it would be without; the last maximum. Constants: by how
# much it has to fall for a maximum, and above what a maximum is a ghost.
HIGHEST, LOWEST, TAKEN, TOP, PEAK, DIP, LEAST = range(7)
GHOST, MARGIN = 1, 2  # flags


@njit(**ALLOCATING)
def new_traces(watch, threshold, dtype):
    """Traces of neurons at rest; empty if nothing is watched."""
    neurons = 0 if watch is None else len(threshold)
    rows = np.zeros((7, neurons), dtype)
    if watch is not None:
        rows[HIGHEST], rows[TAKEN] = -np.inf, np.inf
        rows[DIP], rows[LEAST] = dtype(watch.dip) * threshold, dtype(1 - watch.half_width) * threshold
    return Traces(rows, np.zeros(neurons), np.zeros(neurons, np.int64), np.zeros(-(-neurons // 8) * 8, np.uint8))


@njit(**OPTIONS)
def note_spikes(layer, watch, found, new, end, first, decay, traces):
    """The spikes of a block, the first of which is number ``first``; ``decay`` is that of a voltage over the block."""
    rows, _, spikes, _ = traces
    for n in range(rows.shape[1]):
        rows[TAKEN, n] *= decay[n]
    for s in range(new):
        time, n = found[0, s], int(found[1, s])
        if rows[TAKEN, n] < np.inf:
            watch.margins[spikes[n]] = FAR
        level, base = layer.threshold[n], layer.reset[n]
        rows[TAKEN, n] = (level - base) * np.exp(-(end - time) / np.float64(layer.tau_mem[n]))
        rows[HIGHEST, n], rows[LOWEST, n], rows[TOP, n] = -np.inf, base, level
        spikes[n] = first + s


@njit(**OPTIONS)
def note_peaks(layer, state, now, lag, traces):
    """The maxima of voltages during a lag without arrivals, after which a spike's ``TAKEN`` has decayed.

    With the current above the voltage, and nothing else to come, it rises to where both are equal.
    """
    rows = traces.rows
    for n in range(rows.shape[1]):
        tau_mem, tau_syn = np.float64(layer.tau_mem[n]), np.float64(layer.tau_syn[n])
        v, i = np.float64(state[0, n]), np.float64(state[1, n])
        if i > v and i > 0:
            rise = time_of_maximum(v, i, tau_mem, tau_syn)
            if rise < lag:
                peak = i * np.exp(-rise / tau_syn)  # there the voltage is the current
                rises = rows[HIGHEST, n] > -np.inf
                if peak > (rows[HIGHEST, n] if rises else rows[LOWEST, n] + rows[DIP, n]):
                    rows[HIGHEST, n], traces.when[n] = peak, now + rise
        rows[TAKEN, n] *= np.exp(-lag / tau_mem)


@njit(**OPTIONS)
def look(layer, watch, voltage, now, last, traces, ghosts, count):
    """Look at the voltages; ``ghosts`` receives times, units and margins of the maxima that are over.

    Returns:
        The number of ghosts; one more than there is room at most.
    """
    rows, when, spikes, flags = traces
    _compare(voltage, layer.threshold, now, last, rows, when, flags)
    groups, room = flags.view(np.uint64), ghosts.shape[1]
    for g in range(len(groups)):
        if groups[g] == 0:
            continue
        for n in range(8 * g, min(8 * g + 8, len(voltage))):
            if flags[n] & GHOST:
                if count == room:
                    return room + 1
                margin = min(rows[PEAK, n] / layer.threshold[n] - 1, 0.0)
                ghosts[0, count], ghosts[1, count], ghosts[2, count] = when[n], n, margin
                count += 1
            if flags[n] & MARGIN:
                watch.margins[spikes[n]] = _as_part(rows[TOP, n] / layer.threshold[n] - 1, watch.half_width)
                rows[TAKEN, n] = np.inf
    return count


@njit(**OPTIONS)
def _compare(voltage, threshold, now, last, rows, when, flags):
    """Go on with the highest and lowest voltages, with and without what the last spike took.

    Flags where a maximum is over that is a ghost, and where the voltage without the reset falls below the threshold.
    Loops without branches, which vectorise.
    """
    never, always = voltage.dtype.type(-np.inf), voltage.dtype.type(np.inf)
    for n in range(len(voltage)):
        v, highest, lowest, dip = voltage[n], rows[HIGHEST, n], rows[LOWEST, n], rows[DIP, n]
        rises = (highest > never) | (v > lowest + dip)
        over = (v < highest - dip) | (last & rises)
        rows[PEAK, n] = max(highest, v) if last else highest
        rows[HIGHEST, n] = never if over or not rises else max(highest, v)
        rows[LOWEST, n] = v if over else min(lowest, v)
        flags[n] = GHOST if over & (rows[PEAK, n] > rows[LEAST, n]) else 0
    for n in range(len(voltage)):
        shadow = voltage[n] + rows[TAKEN, n]
        rows[TOP, n] = max(rows[TOP, n], shadow)
        flags[n] |= MARGIN if (shadow < threshold[n]) | (last & (shadow < always)) else 0
    for n in range(len(voltage)):
        when[n] = now if voltage[n] == (rows[PEAK, n] if last else rows[HIGHEST, n]) else when[n]


@njit(**INLINE)
def _as_part(margin, half_width):
    """A margin of a spike as 8 bits."""
    return np.uint8(PARTS * margin / half_width + 0.5) if margin < half_width else np.uint8(FAR)


@njit(**OPTIONS)
def merge_ghosts(watch, ghosts, count, out, spikes):
    """Put ghosts among the spikes, in order of time; their units are negative, their margins stand for the currents.

    Returns:
        The number of both; ``capacity + 1`` if there is no room.
    """
    times, units, current = out
    for a in range(1, count):  # nearly in order
        b = a
        while b > 0 and ghosts[0, b - 1] > ghosts[0, b]:
            for row in range(3):
                ghosts[row, b - 1], ghosts[row, b] = ghosts[row, b], ghosts[row, b - 1]
            b -= 1
    total = spikes + count
    if total > len(times):
        return len(times) + 1
    s, g = spikes - 1, count - 1
    for k in range(total - 1, -1, -1):
        if g >= 0 and (s < 0 or times.dtype.type(ghosts[0, g]) >= times[s]):
            times[k], units[k], current[k], watch.margins[k] = ghosts[0, g], -2 - int(ghosts[1, g]), ghosts[2, g], 0
            g -= 1
        else:
            times[k], units[k], current[k], watch.margins[k] = times[s], units[s], current[s], watch.margins[s]
            s -= 1
    return total


@njit(**INLINE)
def kernel(x, half_width):
    """``h(x)``, of area 1: a triangle, or a boxcar for a negative half-width."""
    if half_width < 0:
        return -0.5 / half_width if abs(x) <= -half_width else 0.0
    return max(0.0, 1.0 - abs(x) / half_width) / half_width


@njit(**INLINE)
def is_there(marks, k):
    """Whether mark ``k`` is a spike, not a ghost."""
    if marks is None:
        return True
    return marks.there[k]


@njit(**INLINE)
def has_effect(marks, own, source):
    """Whether an arrival is that of a spike; ``source`` is the input event, or the own spike."""
    if marks is None:
        return True
    if own:
        return marks.there[source]
    return len(marks.inputs) == 0 or marks.inputs[source]


@njit(**INLINE)
def asks_effect(marks, own, source):
    """Whether the derivative with respect to the amplitude of an arrival is asked for."""
    if marks is None:
        return False
    if own:
        return marks.existence and marks.margins[source] != FAR
    return len(marks.inputs) > 0


@njit(**INLINE)
def add_effect(marks, own, source, effect, at_amplitudes):
    """Take that derivative."""
    if marks is not None:
        if own:
            at_amplitudes[source] += effect
        else:
            marks.d_inputs[source] = effect


@njit(**INLINE)
def before_mark(marks, k, p_after, exact, current, at_time, at_amplitude, tau_mem, threshold, reset):
    """The voltage adjoint before mark ``k``: ``(p_before, dL/dthreshold)``; ``exact`` is that of EventProp."""
    p_before, d_threshold = p_after, 0.0
    there = marks.there[k]
    if there:
        if marks.timing:
            least = marks.floor * threshold
            if current - threshold < least:
                p_before += ((threshold - reset) * p_after - tau_mem * at_time) / least
            else:
                p_before = exact
        d_threshold = -p_before
    if marks.existence and not (there and marks.margins[k] == FAR):
        loss = at_amplitude - (threshold - reset) * p_after  # E
        margin = marks.margins[k] * abs(marks.half_width) / PARTS if there else current
        weight = kernel(margin, marks.half_width) / threshold * loss
        p_before += weight
        d_threshold -= weight * (1 + margin)
    return p_before, d_threshold
