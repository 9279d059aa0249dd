"""Forward kernel: the exact spikes of one layer, event by event.

Time advances in blocks. Within a block no neuron hears of a spike of that block (it is no longer than the delay, or is
cut at the first spike plus delay), so the arrivals of a block are known when it begins and neurons are independent.
For most neurons a block is then one closed-form step, a sum over its arrivals of ``exp`` and ``kappa`` coefficients
times weight rows. Only neurons that could possibly reach the threshold are followed from arrival to arrival.
"""

import math

import numpy as np
from numba import njit

from .arrivals import arrival_time, block_length, check, merge
from .flow import OPTIONS, crossing_before, fill_flow, short_flow, voltage

CHUNK = 16  # neurons tested at once for a possible crossing
TINY = 1e-30  # states below are set to zero: denormal numbers are a hundred times slower


@njit(**OPTIONS)
def _arrive(weights, rows, arrive, count, end, rate_mem, rate_syn, dv, di, up):
    """Add what the arrivals of a block bring until its end, with shared time constants; four rows in one pass."""
    number = dv.dtype.type
    zero = number(0)
    j = 0
    while j < count:
        # Beyond the last arrival, a row with coefficients zero.
        j1, j2, j3 = min(j + 1, count - 1), min(j + 2, count - 1), min(j + 3, count - 1)
        r0, r1, r2, r3 = weights[rows[j]], weights[rows[j1]], weights[rows[j2]], weights[rows[j3]]
        _, a0, b0, _, _ = short_flow(end - arrive[j], rate_mem, rate_syn)
        _, a1, b1, _, _ = short_flow(end - arrive[j1], rate_mem, rate_syn)
        _, a2, b2, _, _ = short_flow(end - arrive[j2], rate_mem, rate_syn)
        _, a3, b3, _, _ = short_flow(end - arrive[j3], rate_mem, rate_syn)
        s1, s2, s3 = 1.0 if j + 1 < count else 0.0, 1.0 if j + 2 < count else 0.0, 1.0 if j + 3 < count else 0.0
        _add_four(
            r0, r1, r2, r3, number(a0), number(a1 * s1), number(a2 * s2), number(a3 * s3),
            number(b0), number(b1 * s1), number(b2 * s2), number(b3 * s3), number(s1), number(s2), number(s3),
            dv, di, up, zero,
        )  # fmt: skip
        j += 4


@njit(**OPTIONS)
def _add_four(r0, r1, r2, r3, a0, a1, a2, a3, b0, b1, b2, b3, s1, s2, s3, dv, di, up, zero):
    for n in range(len(dv)):
        w0, w1, w2, w3 = r0[n], r1[n], r2[n], r3[n]
        di[n] += (a0 * w0 + a1 * w1) + (a2 * w2 + a3 * w3)
        dv[n] += (b0 * w0 + b1 * w1) + (b2 * w2 + b3 * w3)
        p0, p1 = w0 if w0 > zero else zero, w1 if w1 > zero else zero
        p2, p3 = w2 if w2 > zero else zero, w3 if w3 > zero else zero
        up[n] += (p0 + s1 * p1) + (s2 * p2 + s3 * p3)


@njit(**OPTIONS)
def _arrive_each(weights, rows, arrive, count, end, rate_mem, rate_syn, dv, di, up, total):
    """As ``_arrive``, with time constants of each neuron; rows of simultaneous arrivals are summed first."""
    number = dv.dtype.type
    zero = number(0)
    j = 0
    while j < count:
        instant = arrive[j]
        total[:] = 0
        while j < count and arrive[j] == instant:
            row = weights[rows[j]]
            for n in range(len(total)):
                total[n] += row[n]
                up[n] += row[n] if row[n] > zero else zero
            j += 1
        lag = number(end - instant)
        for n in range(len(total)):
            _, decay_syn, k, _, _ = short_flow(lag, rate_mem[n], rate_syn[n])
            di[n] += decay_syn * total[n]
            dv[n] += k * total[n]


@njit(**OPTIONS)
def _sum_arrivals(weights, rows, arrive, count, end, rate_mem, rate_syn, shared, dv, di, up, total):
    """Voltage ``dv`` and current ``di`` that the arrivals of a block bring until its end, and the positive drive."""
    dv[:] = 0
    di[:] = 0
    up[:] = 0
    if shared:
        m, s = np.float64(rate_mem[0]), np.float64(rate_syn[0])
        _arrive(weights, rows, arrive, count, end, m, s, dv, di, up)
    else:
        _arrive_each(weights, rows, arrive, count, end, rate_mem, rate_syn, dv, di, up, total)


@njit(**OPTIONS)
def _fill_gaps(arrive, count, begin, end, rate_mem, rate_syn, gaps):
    """Length and flow coefficients of each stretch between arrivals, from ``begin`` to ``end``."""
    lag, decay_mem, decay_syn, k = gaps
    lag[0] = (arrive[0] if count else end) - begin
    for j in range(1, count):
        lag[j] = arrive[j] - arrive[j - 1]
    if count:
        lag[count] = end - arrive[count - 1]
    for j in range(count + 1):
        decay_mem[j], decay_syn[j], k[j], _, _ = short_flow(lag[j], rate_mem, rate_syn)


@njit(**OPTIONS)
def _follow(
    chosen, candidates, state, weights, rows, arrive, count, begin, end, rate_mem, rate_syn, shared, threshold, reset,
    gaps, found, room,
):  # fmt: skip
    """Spikes of the chosen neurons in a block, each followed from arrival to arrival in double precision.

    ``found`` = (times, units, currents) receives them, neuron by neuron. Returns how many, room + 1 at most.
    """
    v_begin, i_begin = state
    times, units, currents = found
    lags, decay_mem, decay_syn, k = gaps
    spikes = 0
    for c in range(candidates):
        n = chosen[c]
        if c == 0 or not shared:
            _fill_gaps(arrive, count, begin, end, np.float64(rate_mem[n]), np.float64(rate_syn[n]), gaps)
        v, i = np.float64(v_begin[n]), np.float64(i_begin[n])
        level, slope_per = np.float64(threshold[n]), np.float64(rate_mem[n])
        for j in range(count + 1):
            v_end, i_end = decay_mem[j] * v + k[j] * i, decay_syn[j] * i
            left = lags[j]
            # Crossed by the end; or it falls at the end, and the tangent, which bounds a rise, reaches the threshold.
            while v_end >= level or (i_end < v_end and v + left * (i - v) * slope_per >= level):
                tau_mem, tau_syn = 1.0 / slope_per, 1.0 / np.float64(rate_syn[n])
                lag = crossing_before(v, i, left, v_end, i_end, tau_mem, tau_syn, level)
                if lag == np.inf:
                    break
                if spikes == room:
                    return room + 1
                i *= math.exp(-lag / tau_syn)
                v = np.float64(reset[n])
                left -= lag
                since = arrive[j - 1] if j else begin
                times[spikes], units[spikes], currents[spikes] = since + (lags[j] - left), n, i
                spikes += 1
                v_end, i_end = voltage(v, i, left, tau_mem, tau_syn)
            v, i = v_end, i_end
            if j < count:
                i += weights[rows[j], n]
    return spikes


@njit(**OPTIONS)
def _margin(v, i, up, rise, near, margin):
    """Not below zero where a neuron could reach the threshold if all positive drive came at once and stayed."""
    number = v.dtype.type
    zero = number(0)
    for n in range(len(v)):
        drive = (i[n] if i[n] > zero else zero) + up[n]
        current = drive - near[n]
        voltage = v[n] + (drive - v[n]) * rise[n] - near[n]
        margin[n] = voltage if voltage < current else current


@njit(**OPTIONS)
def _candidates(margin, chosen):
    """Indices of the entries not below zero, into ``chosen``; returns how many."""
    zero = margin.dtype.type(0)
    count = 0
    for c in range(len(margin)):
        chunk = margin[c]
        hits = np.int32(0)
        for m in range(CHUNK):  # a vectorised count first: most chunks have none
            hits += np.int32(chunk[m] >= zero)
        if hits > 0:
            for m in range(CHUNK):
                if chunk[m] >= zero:
                    chosen[count] = c * CHUNK + m
                    count += 1
    return count


@njit(**OPTIONS)
def _step(v, i, dv, di, flow, threshold):
    """All neurons over the block; returns how many could still cross without another arrival."""
    decay_mem, decay_syn, k, _, _ = flow
    number = v.dtype.type
    tiny, zero = number(TINY), number(0)
    able = 0
    for n in range(len(v)):
        v_end = decay_mem[n] * v[n] + k[n] * i[n] + dv[n]
        i_end = decay_syn[n] * i[n] + di[n]
        v[n] = v_end if abs(v_end) > tiny else zero
        i[n] = i_end if abs(i_end) > tiny else zero
        able += i_end > threshold[n]
    return able


@njit(**OPTIONS)
def _sort(times, units, currents, count):
    """Insertion sort by time: a block has few spikes."""
    for a in range(1, count):
        t, u, c = times[a], units[a], currents[a]
        b = a - 1
        while b >= 0 and times[b] > t:
            times[b + 1], units[b + 1], currents[b + 1] = times[b], units[b], currents[b]
            b -= 1
        times[b + 1], units[b + 1], currents[b + 1] = t, u, c


@njit(**OPTIONS)
def simulate(weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, times, units, count, duration, delay, out):
    """Spikes of one sample.

    Args:
        weights: ``[pre (+ post), post]``, the recurrent rows below those of the inputs.
        recurrent: whether there are recurrent rows.
        tau_mem: ``[post]`` [s].
        tau_syn: ``[post]`` [s].
        threshold: ``[post]`` [voltage].
        reset: ``[post]`` [voltage].
        shared: whether all time constants are equal.
        times: ``[events]`` [s], ascending.
        units: ``[events]``, rows of the input weights.
        count: number of events.
        duration: end of the simulation [s].
        delay: of the recurrent connections [s].
        out: ``(times, units, currents)`` to be filled, each ``[capacity]``.

    Returns:
        The number of spikes; capacity + 1 if there is no room; what ``check`` finds wrong.
    """
    spike_times, spike_units, spike_current = out
    capacity = len(spike_times)
    if count > len(times):
        return capacity + 1
    number = weights.dtype.type
    neurons = weights.shape[1]
    inputs = weights.shape[0] - neurons if recurrent else weights.shape[0]
    wrong = check(times, units, count, inputs, tau_mem, tau_syn)
    if wrong:
        return wrong
    rate_mem, rate_syn = number(1) / tau_mem, number(1) / tau_syn
    longest = block_length(tau_mem, tau_syn, delay)
    near = threshold * number(1 - 64 * np.finfo(weights.dtype).eps)

    v, i = np.zeros(neurons, number), np.zeros(neurons, number)
    dv, di, up, total = np.empty_like(v), np.empty_like(v), np.empty_like(v), np.empty_like(v)
    rise, zero = np.empty_like(v), np.zeros_like(v)
    margin = np.full(-(-neurons // CHUNK) * CHUNK, number(-1))
    margins, chosen = margin.reshape(-1, CHUNK), np.empty(neurons, np.int64)
    flows = np.empty((5, neurons), number)
    flow = (flows[0], flows[1], flows[2], flows[3], flows[4])
    arrive, rows = np.empty(count + capacity), np.empty(count + capacity, np.int64)
    gap = np.empty((4, count + capacity + 1))
    gaps = (gap[0], gap[1], gap[2], gap[3])
    new_times, new_current = np.empty(capacity + 1, number), np.empty(capacity + 1, number)
    new_units = np.empty(capacity + 1, np.int64)
    t, e, r, spikes, able = 0.0, 0, 0, 0, 0
    while True:
        if able == 0:  # nothing can happen before the next arrival
            upcoming = np.float64(times[e]) if e < count else np.inf
            if recurrent and r < spikes:
                upcoming = min(upcoming, np.float64(arrival_time(spike_times, r, delay)))
            if not upcoming < duration:
                break
            if upcoming > t:
                fill_flow(upcoming - t, rate_mem, rate_syn, shared, flow)
                _step(v, i, zero, zero, flow, threshold)
                t = upcoming
        end = min(np.float64(number(t + longest)), duration)
        if end <= t:
            break
        arrivals, e_next, r_next = merge(
            times, units, e, count, spike_times, spike_units, r, spikes if recurrent else r, inputs, delay, end,
            arrive, rows,
        )  # fmt: skip
        _sum_arrivals(weights, rows, arrive, arrivals, end, rate_mem, rate_syn, shared, dv, di, up, total)
        fill_flow(end - t, rate_mem, rate_syn, shared, flow)
        for n in range(neurons):
            rise[n] = number(1) - flows[0, n]

        _margin(v, i, up, rise, near, margin[:neurons])
        candidates = _candidates(margins, chosen)
        new = _follow(
            chosen, candidates, (v, i), weights, rows, arrive, arrivals, t, end, rate_mem, rate_syn, shared, threshold,
            reset, gaps, (new_times, new_units, new_current), capacity - spikes,
        )  # fmt: skip
        if new > capacity - spikes:
            return capacity + 1
        if new > 0:
            _sort(new_times, new_units, new_current, new)
            heard = np.float64(arrival_time(new_times, 0, delay))
            if recurrent and heard < end:  # cut the block where its first spike arrives
                end = heard
                while new_times[new - 1] > end:
                    new -= 1
                arrivals, e_next, r_next = merge(
                    times, units, e, count, spike_times, spike_units, r, spikes, inputs, delay, end, arrive, rows
                )
                _sum_arrivals(weights, rows, arrive, arrivals, end, rate_mem, rate_syn, shared, dv, di, up, total)
                fill_flow(end - t, rate_mem, rate_syn, shared, flow)
        able = _step(v, i, dv, di, flow, threshold)
        for s in range(new):
            n = new_units[s]
            v[n] -= (threshold[n] - reset[n]) * number(math.exp(-(end - new_times[s]) / tau_mem[n]))
            spike_times[spikes], spike_units[spikes], spike_current[spikes] = new_times[s], n, new_current[s]
            spikes += 1
        e, r, t = e_next, r_next, end
    return spikes
