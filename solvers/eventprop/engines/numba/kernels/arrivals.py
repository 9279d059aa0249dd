"""The arrivals of a stretch of time: input events and delayed spikes of the layer itself, merged in order."""

import numpy as np
from numba import njit

from .flow import ALLOCATING, OPTIONS, SHORT

GRID = 2.0**-20  # [s]


@njit(**OPTIONS)
def arrival_time(spike_time, delay):
    """When a spike arrives at the neurons of its own layer, rounded to the type of the time.

    Rounding is monotone, so spikes and arrivals keep their order whatever the precision.
    """
    return type(spike_time)(np.float64(spike_time) + delay)


@njit(**OPTIONS)
def send(queue, which, first, spike_times, spike_units, delays, begin, stop):
    """Put spikes ``begin`` to ``stop`` into the queue, in order of arrival.

    On a tie the earlier spike comes first. The queue is not one argument, as tuples cost time where they are taken
    apart.

    Args:
        queue: times of the arrivals ``[spikes]`` [s].
        which: spike each is, likewise.
        first: place in the queue; what comes before has arrived.
        spike_times: ``[spikes]`` [s].
        spike_units: likewise, neurons of the layer.
        delays: of each neuron [s].
        begin: first spike.
        stop: the one after the last.
    """
    for k in range(begin, stop):
        t, place = np.float64(arrival_time(spike_times[k], delays[spike_units[k]])), k
        while place > first and queue[place - 1] > t:
            queue[place], which[place] = queue[place - 1], which[place - 1]
            place -= 1
        queue[place], which[place] = t, k


@njit(**ALLOCATING)
def reach(tau_mem, tau_syn):
    """Length of a stretch of time that is short against all time constants [s]."""
    return _exact(SHORT * np.float64(min(tau_mem.min(), tau_syn.min())))


@njit(**ALLOCATING)
def block_length(tau_mem, tau_syn, delay):
    """Length of a stretch that is within ``reach`` and in which no neuron hears of a spike within the stretch [s].

    One much shorter than that would make tiny blocks: then a block is cut at its first spike instead.
    """
    longest = reach(tau_mem, tau_syn)
    return _exact(min(longest, delay)) if delay >= longest / 8 else longest / 4


@njit(**OPTIONS)
def _exact(length):
    """Rounded down to a binary fraction, if that changes little.

    Then the ends of the blocks have no rounding errors, all blocks are equally long, and have one flow.
    """
    return np.floor(length / GRID) * GRID if length >= 64 * GRID else length


@njit(**OPTIONS)
def merge(times, units, e, e_stop, queue, which, spike_units, r, r_stop, inputs, end, arrive, rows):
    """Arrivals before ``end`` from input event ``e`` and place ``r`` of the queue of own spikes on.

    On ties the input comes first.

    ``rows`` gets the row of each in the stacked weights (inputs first, then the recurrent ones).

    Returns:
        ``(number of arrivals, next e, next r)``.
    """
    n = 0
    while True:
        t_in = np.float64(times[e]) if e < e_stop else np.inf
        t_rec = queue[r] if r < r_stop else np.inf
        t = min(t_in, t_rec)
        if t >= end:
            return n, e, r
        arrive[n] = t
        if t_in <= t_rec:
            rows[n] = units[e]
            e += 1
        else:
            rows[n] = inputs + spike_units[which[r]]
            r += 1
        n += 1
