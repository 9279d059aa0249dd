"""The arrivals of a stretch of time: input events and delayed spikes of the layer itself, merged in order."""

import numpy as np
from numba import njit

from ..wrong_input import BAD_CONSTANT, BAD_UNIT, UNSORTED
from .flow import OPTIONS, SHORT


@njit(**OPTIONS)
def arrival_time(spike_times, k, delay):
    """When spike ``k`` arrives at the neurons of its own layer, rounded to the type of the times.

    Rounding is monotone, so spikes and arrivals keep their order whatever the precision.
    """
    return spike_times.dtype.type(np.float64(spike_times[k]) + delay)


@njit(**OPTIONS)
def block_length(tau_mem, tau_syn, delay):
    """Length of a stretch in which the short series hold and no neuron hears of a spike within the stretch [s].

    A delay much shorter than that would make tiny blocks: then a block is cut at its first spike instead.
    """
    longest = SHORT * min(tau_mem.min(), tau_syn.min())
    return min(longest, delay) if delay >= longest / 8 else longest / 4


@njit(**OPTIONS)
def check(times, units, count, inputs, tau_mem, tau_syn):
    """0, or what is wrong with a sample: UNSORTED, BAD_UNIT or BAD_CONSTANT."""
    last = 0.0
    for e in range(count):
        if not times[e] >= last:
            return UNSORTED
        if units[e] < 0 or units[e] >= inputs:
            return BAD_UNIT
        last = times[e]
    for n in range(len(tau_mem)):
        if not (0.0 < tau_mem[n] < np.inf and 0.0 < tau_syn[n] < np.inf):
            return BAD_CONSTANT
    return 0


@njit(**OPTIONS)
def merge(times, units, e, e_stop, spike_times, spike_units, r, r_stop, inputs, delay, end, arrive, rows):
    """Arrivals before ``end`` from input event ``e`` and own spike ``r`` on; on ties the input comes first.

    ``rows`` gets the row of each in the stacked weights (inputs first, then the recurrent ones).

    Returns:
        ``(number of arrivals, next e, next r)``.
    """
    n = 0
    while True:
        t_in = np.float64(times[e]) if e < e_stop else np.inf
        t_rec = np.float64(arrival_time(spike_times, r, delay)) if r < r_stop else np.inf
        t = min(t_in, t_rec)
        if t >= end:
            return n, e, r
        arrive[n] = t
        if t_in <= t_rec:
            rows[n] = units[e]
            e += 1
        else:
            rows[n] = inputs + spike_units[r]
            r += 1
        n += 1
