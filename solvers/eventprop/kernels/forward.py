"""Forward kernel: the exact spikes of one layer, event by event.

Time advances in blocks. Within a block no neuron hears of a spike of that block (it is no longer than the delay, or is
cut at the first spike plus delay), so the arrivals of a block are known when it begins and neurons are independent.
For most neurons a block is then one closed-form step, a sum over its arrivals of ``exp`` and ``kappa`` coefficients
times weight rows. Only neurons that could possibly reach the threshold are followed from arrival to arrival.
"""

import numpy as np
from numba import njit

from .arrivals import arrival_time, check, merge
from .crossing import crossing, voltage
from .flow import OPTIONS, fill_flow
from .series import evaluate

# Rows of the state: voltage and current at the begin and the end of a block, and its negative input.
VOLTAGE, CURRENT, END_VOLTAGE, END_CURRENT, DOWN = range(5)
TINY = 1e-30  # states below are set to zero: denormal numbers are a hundred times slower


@njit(**OPTIONS)
def _weigh(arrive, count, end, length, middle, shared, steepest, share, fall):
    """Factors of the arrivals of a block in the sums that ``_sum_arrivals`` takes.

    ``share`` is ``[sums, arrivals]``: with shared time constants the current and the voltage that a unit weight brings
    until the end of the block, otherwise the powers of the lag. Filled up with zeros to a multiple of four.
    """
    for j in range(count):
        lag = end - arrive[j]
        x = 2.0 * lag / length - 1.0
        fall[j] = lag * steepest  # above 1 - exp(-lag/tau_mem)
        if shared:
            _, share[0, j], share[1, j] = evaluate(middle, 0, x)
        else:
            share[0, j] = 1.0
            for d in range(1, len(share)):
                share[d, j] = share[d - 1, j] * x
    for j in range(count, -(-count // 4) * 4):
        share[:, j] = 0
        fall[j] = 0


@njit(**OPTIONS)
def _sum_arrivals(weights, rows, count, share, fall, sums, state):
    """Weighted sums of the arriving rows of weights; in row DOWN what their negative parts take from a voltage at most.

    Elements are addressed as ``weights[row, n]``: a view of a row would count references, at the price of the row.
    """
    zero = state.dtype.type(0)
    sums[:] = 0
    state[DOWN] = 0
    for j in range(0, count, 4):
        # Beyond the last arrival, any row with factors zero.
        r0, r1 = rows[j], rows[min(j + 1, count - 1)]
        r2, r3 = rows[min(j + 2, count - 1)], rows[min(j + 3, count - 1)]
        f0, f1, f2, f3 = fall[j], fall[j + 1], fall[j + 2], fall[j + 3]
        for n in range(state.shape[1]):
            w0, w1, w2, w3 = weights[r0, n], weights[r1, n], weights[r2, n], weights[r3, n]
            w0, w1 = min(w0, zero), min(w1, zero)
            w2, w3 = min(w2, zero), min(w3, zero)
            state[DOWN, n] += (f0 * w0 + f1 * w1) + (f2 * w2 + f3 * w3)
        d = 0  # two or three sums at a time: the rows are read once for them
        if len(sums) % 2:
            d, a0, a1, a2, a3 = 3, share[0, j], share[0, j + 1], share[0, j + 2], share[0, j + 3]
            b0, b1, b2, b3 = share[1, j], share[1, j + 1], share[1, j + 2], share[1, j + 3]
            c0, c1, c2, c3 = share[2, j], share[2, j + 1], share[2, j + 2], share[2, j + 3]
            for n in range(state.shape[1]):
                w0, w1, w2, w3 = weights[r0, n], weights[r1, n], weights[r2, n], weights[r3, n]
                sums[0, n] += (a0 * w0 + a1 * w1) + (a2 * w2 + a3 * w3)
                sums[1, n] += (b0 * w0 + b1 * w1) + (b2 * w2 + b3 * w3)
                sums[2, n] += (c0 * w0 + c1 * w1) + (c2 * w2 + c3 * w3)
        while d < len(sums):
            a0, a1, a2, a3 = share[d, j], share[d, j + 1], share[d, j + 2], share[d, j + 3]
            b0, b1, b2, b3 = share[d + 1, j], share[d + 1, j + 1], share[d + 1, j + 2], share[d + 1, j + 3]
            for n in range(state.shape[1]):
                w0, w1, w2, w3 = weights[r0, n], weights[r1, n], weights[r2, n], weights[r3, n]
                sums[d, n] += (a0 * w0 + a1 * w1) + (a2 * w2 + a3 * w3)
                sums[d + 1, n] += (b0 * w0 + b1 * w1) + (b2 * w2 + b3 * w3)
            d += 2


@njit(**OPTIONS)
def _fill_flow(x, series, shared, flow):
    """Coefficients of the flow over a block for every neuron, ``[3, neurons]``."""
    for n in range(flow.shape[1]):
        flow[0, n], flow[1, n], flow[2, n] = evaluate(series, 0 if shared else n, flow.dtype.type(x))


@njit(**OPTIONS)
def _fill_gaps(arrive, count, begin, end, series, column, reach, gaps):
    """Flow coefficients and length of each stretch between arrivals, from ``begin`` to ``end``."""
    before = begin
    for j in range(count + 1):
        until = arrive[j] if j < count else end
        lag = until - before
        gaps[0, j], gaps[1, j], gaps[2, j] = evaluate(series, column, lag / reach)
        gaps[3, j] = lag
        before = until


@njit(**OPTIONS)
def _follow(
    chosen, candidates, state, weights, rows, arrive, count, begin, end, tau_mem, tau_syn, shared, series, reach,
    threshold, reset, gaps, found, room,
):  # fmt: skip
    """Spikes of the chosen neurons in a block, each followed from arrival to arrival in double precision.

    ``found`` receives their times, units and currents in its rows, neuron by neuron.

    Returns:
        How many there are, ``room + 1`` at most.
    """
    precision = 0.1 * np.finfo(state.dtype).eps
    spikes = 0
    for c in range(candidates):
        n = chosen[c]
        column = 0 if shared else n
        if c == 0 or not shared:
            _fill_gaps(arrive, count, begin, end, series, column, reach, gaps)
        v, i = np.float64(state[VOLTAGE, n]), np.float64(state[CURRENT, n])
        level, per_tau = np.float64(threshold[n]), 1.0 / np.float64(tau_mem[n])
        for j in range(count + 1):
            v_end, i_end = gaps[0, j] * v + gaps[2, j] * i, gaps[1, j] * i
            left = gaps[3, j]
            # Crossed by the end; or it falls at the end, and the tangent, which bounds a rise, reaches the threshold.
            while v_end >= level or (i_end < v_end and v + left * (i - v) * per_tau >= level):
                lag = crossing(
                    v, i, left, v_end, i_end, np.float64(tau_mem[n]), np.float64(tau_syn[n]), level, series, column,
                    reach, precision,
                )  # fmt: skip
                if lag == np.inf:
                    break
                if spikes == room:
                    return room + 1
                i = voltage(v, i, lag, series, column, reach)[1]
                v = np.float64(reset[n])
                left -= lag
                since = arrive[j - 1] if j else begin
                found[0, spikes] = state.dtype.type(since + (gaps[3, j] - left))
                found[1, spikes], found[2, spikes] = n, i
                spikes += 1
                v_end, i_end = voltage(v, i, left, series, column, reach)
            v, i = v_end, i_end
            if j < count:
                i += weights[rows[j], n]
    return spikes


@njit(**OPTIONS)
def _flagged(flags, groups, chosen):
    """Indices of the flags that are set, into ``chosen``; returns how many. ``groups`` are eight flags each."""
    count = 0
    for g in range(len(groups)):
        if groups[g] != 0:  # most are zero
            for n in range(8 * g, 8 * g + 8):
                if flags[n]:
                    chosen[count] = n
                    count += 1
    return count


@njit(**OPTIONS)
def _step(state, flow, sums, powers, shared):
    """Rows END_VOLTAGE and END_CURRENT: all neurons at the end of the block, as if none spiked."""
    if shared:
        for n in range(state.shape[1]):
            state[END_VOLTAGE, n] = flow[0, n] * state[VOLTAGE, n] + flow[2, n] * state[CURRENT, n] + sums[1, n]
            state[END_CURRENT, n] = flow[1, n] * state[CURRENT, n] + sums[0, n]
        return
    for n in range(state.shape[1]):
        state[END_VOLTAGE, n] = flow[0, n] * state[VOLTAGE, n] + flow[2, n] * state[CURRENT, n]
        state[END_CURRENT, n] = flow[1, n] * state[CURRENT, n]
    for d in range(len(sums)):
        for n in range(state.shape[1]):
            state[END_VOLTAGE, n] += powers[2, d, n] * sums[d, n]
            state[END_CURRENT, n] += powers[1, d, n] * sums[d, n]


@njit(**OPTIONS)
def _flag(state, flow, level, flags):
    """Set the flag of every neuron that could have crossed the threshold in the block.

    At an upward crossing the current is at least the threshold. From there on, without arrivals, voltage and current
    end no lower than from a crossing at the begin of the block; negative arrivals take away at most the row DOWN.
    """
    for n in range(state.shape[1]):
        flags[n] = state[END_VOLTAGE, n] >= level[n] * (flow[0, n] + flow[2, n]) + state[DOWN, n]


@njit(**OPTIONS)
def _accept(state):
    """Go on from the end of the block."""
    tiny, zero = state.dtype.type(TINY), state.dtype.type(0)
    for n in range(state.shape[1]):
        v, i = state[END_VOLTAGE, n], state[END_CURRENT, n]
        state[VOLTAGE, n] = v if abs(v) > tiny else zero
        state[CURRENT, n] = i if abs(i) > tiny else zero


@njit(**OPTIONS)
def _skip(state, lag, rate_mem, rate_syn, shared, flow):
    """Go on by any lag without an arrival or a spike."""
    fill_flow(lag, rate_mem, rate_syn, shared, (flow[0], flow[1], flow[2], flow[3], flow[4]))
    for n in range(state.shape[1]):
        state[END_VOLTAGE, n] = flow[0, n] * state[VOLTAGE, n] + flow[2, n] * state[CURRENT, n]
        state[END_CURRENT, n] = flow[1, n] * state[CURRENT, n]
    _accept(state)


@njit(**OPTIONS)
def _none_can_rise(state, threshold):
    """Whether no neuron can reach the threshold without another arrival."""
    able = 0
    for n in range(state.shape[1]):
        able += state[CURRENT, n] > threshold[n]
    return able == 0


@njit(**OPTIONS)
def _sort(found, count):
    """Insertion sort by time: a block has few spikes."""
    for a in range(1, count):
        time, unit, current = found[0, a], found[1, a], found[2, a]
        b = a - 1
        while b >= 0 and found[0, b] > time:
            found[0, b + 1], found[1, b + 1], found[2, b + 1] = found[0, b], found[1, b], found[2, b]
            b -= 1
        found[0, b + 1], found[1, b + 1], found[2, b + 1] = time, unit, current


@njit(**OPTIONS)
def simulate(
    weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, longest, expanded, times, units, count, duration,
    delay, out,
):  # fmt: skip
    """Spikes of one sample.

    Args:
        weights: ``[pre (+ post), post]``, the recurrent rows below those of the inputs.
        recurrent: whether there are recurrent rows.
        tau_mem: ``[post]`` [s].
        tau_syn: ``[post]`` [s].
        threshold: ``[post]`` [voltage].
        reset: ``[post]`` [voltage].
        shared: whether all time constants are equal.
        longest: length of a block, ``arrivals.block_length`` [s].
        expanded: the flow over a block, as ``series.expand`` gives it.
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
    rate_mem, rate_syn, middle, powers, series = expanded
    level = threshold * number(1 - 64 * np.finfo(weights.dtype).eps)

    state = np.zeros((5, neurons), number)
    sums = np.empty((2 if shared else middle.shape[1], neurons), number)
    flags, chosen = np.zeros(-(-neurons // 8) * 8, np.uint8), np.empty(neurons, np.int64)
    groups = flags.view(np.uint64)
    flow, long = np.empty((3, neurons), number), np.empty((5, neurons), number)
    arrive, rows = np.empty(count + capacity), np.empty(count + capacity, np.int64)
    share = np.empty((len(sums), count + capacity + 3), number)
    fall, steepest = np.empty(count + capacity + 3, number), np.float64(rate_mem.max())
    gaps = np.empty((4, count + capacity + 1))
    found = np.empty((3, capacity + 1))
    t, length, e, r, spikes, quiet = 0.0, 0.0, 0, 0, 0, True
    while True:
        if quiet and _none_can_rise(state, threshold):  # nothing can happen before the next arrival
            upcoming = np.float64(times[e]) if e < count else np.inf
            if recurrent and r < spikes:
                upcoming = min(upcoming, np.float64(arrival_time(spike_times[r], delay)))
            if not upcoming < duration:
                break
            if upcoming > t:
                _skip(state, upcoming - t, rate_mem, rate_syn, shared, long)
                t = upcoming
        if t >= duration:
            break
        end = (np.floor(t / longest) + 1) * longest
        if end <= t:  # by rounding
            end += longest
        end = min(end, duration)
        new, cut = 0, False
        while True:
            arrivals, e_next, r_next = merge(
                times, units, e, count, spike_times, spike_units, r, spikes if recurrent else r, inputs, delay, end,
                arrive, rows,
            )  # fmt: skip
            _weigh(arrive, arrivals, end, longest, middle, shared, steepest, share, fall)
            _sum_arrivals(weights, rows, arrivals, share, fall, sums, state)
            if end - t != length:
                length = end - t
                _fill_flow(2.0 * length / longest - 1.0, middle, shared, flow)
            _step(state, flow, sums, powers, shared)
            if cut:
                break
            _flag(state, flow, level, flags)
            candidates = _flagged(flags, groups, chosen)
            if candidates == 0:
                break
            new = _follow(
                chosen, candidates, state, weights, rows, arrive, arrivals, t, end, tau_mem, tau_syn, shared, series,
                longest, threshold, reset, gaps, found, capacity - spikes,
            )  # fmt: skip
            if new > capacity - spikes:
                return capacity + 1
            if new == 0:
                break
            _sort(found, new)
            heard = np.float64(arrival_time(number(found[0, 0]), delay))
            cut = recurrent and heard < end
            if not cut:
                break
            end = heard  # the block ends where its first spike arrives
            while found[0, new - 1] > end:
                new -= 1
        _accept(state)
        for s in range(new):
            n = int(found[1, s])
            decay_mem, _, _ = evaluate(series, 0 if shared else n, (end - found[0, s]) / longest)
            state[VOLTAGE, n] -= (threshold[n] - reset[n]) * number(decay_mem)
            spike_times[spikes], spike_units[spikes], spike_current[spikes] = found[0, s], n, found[2, s]
            spikes += 1
        quiet = arrivals == 0
        e, r, t = e_next, r_next, end
    return spikes
