"""Forward kernel: the exact spikes of one layer, event by event.

Time advances in blocks. Within a block no neuron hears of a spike of that block (it is no longer than the delay, or is
cut at the first spike plus delay), so the arrivals of a block are known when it begins and neurons are independent.
For most neurons a block is then one closed-form step, a sum over its arrivals of ``exp`` and ``kappa`` coefficients
times weight rows. Only neurons that could possibly reach the threshold are followed from arrival to arrival.
"""

import numpy as np
from numba import njit

from .arguments import Block
from .arrivals import arrival_time, merge, send
from .crossing import crossing
from .flow import ALLOCATING, INLINE, OPTIONS, fill_flow
from .ghosts import look, merge_ghosts, new_traces, note_peaks, note_spikes
from .refractory import accept, first_spike, flag_waiting, follow, none_waits
from .series import evaluate
from .synapses_forward import arrivals_at, start, step
from .synapses_forward import send as send_to_synapses

# Rows of the state: voltage and current at the start and the end of a block, and its negative input.
VOLTAGE, CURRENT, END_VOLTAGE, END_CURRENT, DOWN = range(5)
# Rows of the path of a neuron through a block: see ``_fill_path``.
NOW, DECAY_MEM, DECAY_SYN, KAPPA, TO_A, TO_B, SLOPE, BOUND = range(8)
TINY = 1e-30  # states below are set to zero: denormal numbers are a hundred times slower


@njit(**OPTIONS)
def _weigh(arrive, count, end, length, series, shared, steepest, share, fall):
    """Factors of the arrivals of a block in the sums that ``_sum_arrivals`` takes.

    ``share`` is ``[sums, arrivals]``: with shared time constants the current and the voltage that a unit weight brings
    until the end of the block, otherwise the powers of the lag. Filled up with zeros to a multiple of four.
    """
    for j in range(count):
        lag = end - arrive[j]
        fall[j] = lag * steepest  # above 1 - exp(-lag/tau_mem)
        if shared:
            _, share[0, j], share[1, j] = evaluate(series, 0, lag, length)
        else:
            x = 2.0 * lag / length - 1.0
            share[0, j] = 1.0
            for d in range(1, len(share)):
                share[d, j] = share[d - 1, j] * x
    for j in range(count, -(-count // 4) * 4):
        share[:, j] = 0
        fall[j] = 0


@njit(**INLINE)
def _sum_four(weights, rows, count, share, fall, sums, state, j, first):
    """Four arrivals of ``_sum_arrivals``, from ``j`` on; beyond the last, any row with factors zero."""
    zero = state.dtype.type(0)
    r0, r1, r2, r3 = rows[j], rows[min(j + 1, count - 1)], rows[min(j + 2, count - 1)], rows[min(j + 3, count - 1)]
    f0, f1, f2, f3 = fall[j], fall[j + 1], fall[j + 2], fall[j + 3]
    for d in range(0, len(sums), 2):
        a0, a1, a2, a3 = share[d, j], share[d, j + 1], share[d, j + 2], share[d, j + 3]
        b0, b1, b2, b3 = share[d + 1, j], share[d + 1, j + 1], share[d + 1, j + 2], share[d + 1, j + 3]
        for n in range(state.shape[1]):
            w0, w1, w2, w3 = weights[r0, n], weights[r1, n], weights[r2, n], weights[r3, n]
            a = (a0 * w0 + a1 * w1) + (a2 * w2 + a3 * w3)
            b = (b0 * w0 + b1 * w1) + (b2 * w2 + b3 * w3)
            sums[d, n] = a if first else sums[d, n] + a
            sums[d + 1, n] = b if first else sums[d + 1, n] + b
            if d == 0:
                w0, w1, w2, w3 = min(w0, zero), min(w1, zero), min(w2, zero), min(w3, zero)
                down = (f0 * w0 + f1 * w1) + (f2 * w2 + f3 * w3)
                state[DOWN, n] = down if first else state[DOWN, n] + down


@njit(**OPTIONS)
def _sum_arrivals(weights, rows, count, share, fall, sums, state):
    """Weighted sums of the arriving rows of weights; in row DOWN what their negative parts take from a voltage."""
    if count == 0:
        sums[:] = 0
        state[DOWN] = 0
    else:
        _sum_four(weights, rows, count, share, fall, sums, state, 0, True)
        for j in range(4, count, 4):
            _sum_four(weights, rows, count, share, fall, sums, state, j, False)


@njit(**INLINE)
def _fill_path(count, series, column, length, rate_mem, path):
    """What ``_follow`` needs to know of the stretches between ``count`` moments, and in the last column of their end.

    With the time ``t`` since the start of the block, ``v(t) = exp(-t/tau_mem) a + kappa(t) b`` and
    ``i(t) = exp(-t/tau_syn) b``; an arrival adds multiples of its weight to ``a`` and ``b``. A stretch in which the
    voltage could reach the threshold has ``a + SLOPE b >= BOUND threshold``: the tangent at its begin bounds a rise.
    """
    one, many = np.uint64(1), np.uint64(-(-count // 8) * 8)  # whole vectors; loops over unsigned numbers vectorise
    begin, scale = path[NOW, 0], 2.0 / length
    path[DECAY_MEM, :many] = path[DECAY_SYN, :many] = path[KAPPA, :many] = 0.0
    for d in range(series.shape[1] - 4, -1, -4):
        m0, s0, k0 = series[column, d, 0], series[column, d, 1], series[column, d, 2]
        m1, s1, k1 = series[column, d + 1, 0], series[column, d + 1, 1], series[column, d + 1, 2]
        m2, s2, k2 = series[column, d + 2, 0], series[column, d + 2, 1], series[column, d + 2, 2]
        m3, s3, k3 = series[column, d + 3, 0], series[column, d + 3, 1], series[column, d + 3, 2]
        for j in range(many):
            x = (path[NOW, j] - begin) * scale - 1.0
            path[DECAY_MEM, j] = (((path[DECAY_MEM, j] * x + m3) * x + m2) * x + m1) * x + m0
            path[DECAY_SYN, j] = (((path[DECAY_SYN, j] * x + s3) * x + s2) * x + s1) * x + s0
            path[KAPPA, j] = (((path[KAPPA, j] * x + k3) * x + k2) * x + k1) * x + k0
    for j in range(many):
        decay_mem, decay_syn, k = path[DECAY_MEM, j], path[DECAY_SYN, j], path[KAPPA, j]
        rest = 1.0 - (path[NOW, j + one] - path[NOW, j]) * rate_mem
        inverse = 1.0 / (decay_mem * decay_syn * rest)
        path[TO_A, j] = -k * rest * inverse
        path[TO_B, j] = decay_mem * rest * inverse
        path[SLOPE, j] = (k * rest + decay_syn * (1.0 - rest)) * decay_syn * inverse
        path[BOUND, j] = (1.0 - 1e-12) * decay_syn * inverse
    path[BOUND, count - 1] = -np.inf  # ends every walk


@njit(**OPTIONS)
def _follow(layer, block, chosen, candidates, state, series, length, path, found, free):
    """Spikes of the chosen neurons in a block, each followed from arrival to arrival in double precision.

    ``found`` receives their times, units and currents in its rows, neuron by neuron. ``free`` is the room for them:
    times are rounded to its type.

    Returns:
        How many there are, one more than there is room at most.
    """
    weights, _, tau_mem, tau_syn, threshold, reset, shared = layer
    begin, end, arrive, rows, count = block
    path[NOW, 0], path[NOW, count + 1] = begin, end
    for j in range(count):
        path[NOW, j + 1] = arrive[j]
    precision = 0.1 * np.finfo(state.dtype).eps
    one, last = np.uint64(1), np.uint64(count + 1)
    spikes = 0
    for c in range(candidates):
        n = chosen[c]
        column = 0 if shared else n
        if c == 0 or not shared:
            _fill_path(count + 2, series, column, length, 1.0 / np.float64(tau_mem[n]), path)
        a, b, level = np.float64(state[VOLTAGE, n]), np.float64(state[CURRENT, n]), np.float64(threshold[n])
        j = np.uint64(0)
        while True:
            while a + path[SLOPE, j] * b < path[BOUND, j] * level:
                w = np.float64(weights[rows[j], n])
                j += one
                a += path[TO_A, j] * w
                b += path[TO_B, j] * w
            if j == last:
                break
            now, until = path[NOW, j], path[NOW, j + one]
            v, i = path[DECAY_MEM, j] * a + path[KAPPA, j] * b, path[DECAY_SYN, j] * b
            while True:
                v_end = path[DECAY_MEM, j + one] * a + path[KAPPA, j + one] * b
                i_end = path[DECAY_SYN, j + one] * b
                lag = crossing(
                    v, i, until - now, v_end, i_end, np.float64(tau_mem[n]), np.float64(tau_syn[n]), level, series,
                    column, length, precision,
                )  # fmt: skip
                if lag == np.inf:
                    break
                if spikes == len(free):
                    return len(free) + 1
                now += lag
                decay_mem, decay_syn, _ = evaluate(series, column, now - begin, length)
                i, v = decay_syn * b, np.float64(reset[n])
                a -= (level - v) / decay_mem
                found[0, spikes] = free.dtype.type(now)
                found[1, spikes], found[2, spikes] = n, i
                spikes += 1
            w = np.float64(weights[rows[j], n])
            j += one
            a += path[TO_A, j] * w
            b += path[TO_B, j] * w
    return spikes


@njit(**OPTIONS)
def _flagged(flags, groups, busy, chosen):
    """Indices of the flags that are set, into ``chosen``; returns how many. ``groups`` are eight flags each.

    Every index is written, but kept only if its flag is set: branches would often be mispredicted.
    """
    some = count = 0
    for g in range(len(groups)):
        busy[some] = g
        some += groups[g] != 0
    for s in range(some):
        for n in range(8 * busy[s], 8 * busy[s] + 8):
            chosen[count] = n
            count += flags[n]
    return count


@njit(**OPTIONS)
def _step(state, flow, sums, powers, shared, bound, flags):
    """Rows END_VOLTAGE and END_CURRENT: all neurons at the end of the block, as if none spiked.

    ``sums`` are those of ``_weigh``.

    Sets the flag of every neuron that could have crossed the threshold in the block. At an upward crossing the current
    is at least the threshold. From there on, without arrivals, voltage and current end no lower than from a crossing
    at the start of the block, at the ``bound``; negative arrivals take away at most the row DOWN.
    """
    if shared:
        decay_mem, decay_syn, k = flow[0, 0], flow[1, 0], flow[2, 0]
        for n in range(state.shape[1]):
            state[END_VOLTAGE, n] = decay_mem * state[VOLTAGE, n] + k * state[CURRENT, n] + sums[1, n]
            state[END_CURRENT, n] = decay_syn * state[CURRENT, n] + sums[0, n]
    else:
        for n in range(state.shape[1]):
            state[END_VOLTAGE, n] = flow[0, n] * state[VOLTAGE, n] + flow[2, n] * state[CURRENT, n]
            state[END_CURRENT, n] = flow[1, n] * state[CURRENT, n]
        for d in range(0, len(sums), 4):
            for n in range(state.shape[1]):
                s0, s1, s2, s3 = sums[d, n], sums[d + 1, n], sums[d + 2, n], sums[d + 3, n]
                state[END_VOLTAGE, n] += (powers[2, d, n] * s0 + powers[2, d + 1, n] * s1) + (
                    powers[2, d + 2, n] * s2 + powers[2, d + 3, n] * s3
                )
                state[END_CURRENT, n] += (powers[1, d, n] * s0 + powers[1, d + 1, n] * s1) + (
                    powers[1, d + 2, n] * s2 + powers[1, d + 3, n] * s3
                )
    for n in range(state.shape[1]):
        flags[n] = state[END_VOLTAGE, n] >= bound[n] + state[DOWN, n]


@njit(**OPTIONS)
def _accept(state):
    """Go on from the end of the block."""
    tiny, zero = state.dtype.type(TINY), state.dtype.type(0)
    for n in range(state.shape[1]):
        v, i = state[END_VOLTAGE, n], state[END_CURRENT, n]
        state[VOLTAGE, n] = v if abs(v) > tiny else zero
        state[CURRENT, n] = i if abs(i) > tiny else zero


@njit(**ALLOCATING)
def _skip(state, lag, rate_mem, rate_syn, shared, flow):
    """Go on by any lag without an arrival or a spike."""
    fill_flow(lag, rate_mem, rate_syn, shared, flow)
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
        b = a
        while b > 0 and found[0, b - 1] > found[0, b]:
            for row in range(len(found)):
                found[row, b - 1], found[row, b] = found[row, b], found[row, b - 1]
            b -= 1


@njit(**OPTIONS)
def _first_heard(found, first, count, spike_times, delays):
    """When the first arrival of the spikes of a block is [s]; ``first`` is the first of them."""
    heard = np.inf
    for s in range(first, count):
        if found[1, s] >= 0:  # a release is none
            t = spike_times.dtype.type(found[0, s])
            heard = min(heard, np.float64(arrival_time(t, delays[int(found[1, s])])))
    return heard


@njit(**OPTIONS)
def _follow_each(
    layer, refractory, release, free_at, block, number, synapses, under_way, chosen, candidates, state, series, length,
    path, found, free,
):  # fmt: skip
    """As ``_follow``, for neurons each of which has arrivals of its own.

    Returns:
        How many spikes and releases there are, and how many spikes; one more than there is room at most.
    """
    begin, end, arrive, rows, _ = block
    new = fired = 0
    for c in range(candidates):
        count = arrivals_at(synapses, chosen[c], number, under_way, arrive, rows)
        own, one, rest, room = Block(begin, end, arrive, rows, count), chosen[c : c + 1], found[:, new:], free[fired:]
        if refractory is None:
            happened = more = _follow(layer, own, one, 1, state, series, length, path, rest, room)
        else:
            happened, more = follow(layer, refractory, release, free_at, own, one, 1, state, series, length, rest, room)
        if more > len(room):
            return new, len(free) + 1
        new += happened
        fired += more
    return new, fired


@njit(**ALLOCATING)
def simulate(layer, refractory, longest, expanded, sample, duration, delays, synapses, under_way, out, release, watch):
    """Spikes of one sample.

    Args:
        layer: see ``arguments``.
        refractory: see ``refractory``.
        longest: length of a block, ``arrivals.block_length`` [s].
        expanded: the flow over a block, as ``series.expand`` gives it.
        sample: input events of the sample, see ``arguments``.
        duration: end of the simulation [s].
        delays: of the recurrent connections, by the neuron that they come from, ``[post]`` [s].
        synapses: see there; they have the place of these delays.
        under_way: room for ``synapses_forward.UnderWay``.
        out: ``(times, units, currents)`` to be filled, each ``[capacity]``.
        release: likewise, see ``refractory``.
        watch: likewise, see ``ghosts``.

    Returns:
        The number of spikes, and of ghosts if these are watched for; capacity + 1 if there is no room.
    """
    weights, recurrent, tau_mem, tau_syn, threshold, reset, shared = layer
    times, units, count = sample
    spike_times, spike_units, _ = out
    capacity = len(spike_times)
    number = weights.dtype.type
    neurons = weights.shape[1]
    inputs = weights.shape[0] - neurons if recurrent else weights.shape[0]
    rate_mem, rate_syn, series, powers = expanded
    level = threshold * number(1 - 64 * np.finfo(weights.dtype).eps)

    state = np.zeros((5, neurons), number)
    sums = np.empty((2 if shared else powers.shape[1], neurons), number)
    flags = np.zeros(-(-neurons // 8) * 8, np.uint8)
    groups = flags.view(np.uint64)
    busy, chosen = np.empty(len(groups) + 1, np.int64), np.empty(len(flags) + 1, np.int64)
    flow, long, bound = np.empty((5, neurons), number), np.empty((5, neurons), number), np.empty(neurons, number)
    arrive, rows = np.empty(count + capacity), np.zeros(count + capacity + 1, np.uint64)
    share = np.empty((len(sums), count + capacity + 3), number)
    fall, steepest = np.empty(count + capacity + 3, number), np.float64(rate_mem.max())
    path = np.zeros((8, count + capacity + 10))
    start(under_way)
    number_of_block, pending = 0, -1  # the latter is the last block in which something arrives, with synapses
    queue, which = np.empty(capacity if recurrent else 0), np.empty(capacity if recurrent else 0, np.int64)
    found = np.empty((3, capacity + 1) if release is None else (4, 3 * capacity + 1))
    free_at, final = np.full(neurons, -np.inf), np.zeros(neurons, np.int64)
    traces = new_traces(watch, threshold, number)
    ghosts, seen = np.empty((3, 0 if watch is None else capacity)), 0
    t, length, e, r, spikes, quiet = 0.0, 0.0, 0, 0, 0, True
    while True:
        # Nothing can happen before the next arrival.
        if quiet and _none_can_rise(state, threshold) and none_waits(refractory, free_at, t):
            upcoming = np.float64(times[e]) if e < count else np.inf
            if recurrent and synapses is None and r < spikes:
                upcoming = min(upcoming, queue[r])
            if synapses is not None and upcoming < duration:  # to the start of its block
                number_of_block = max(number_of_block, int(np.floor(upcoming / longest)))
                upcoming = number_of_block * longest
            if watch is not None:
                note_peaks(layer, state, t, min(upcoming, duration) - t, traces)
            if not upcoming < duration:
                if watch is not None:  # at the end the voltages are looked at
                    _skip(state, duration - t, rate_mem, rate_syn, shared, long)
                break
            if upcoming > t:
                _skip(state, upcoming - t, rate_mem, rate_syn, shared, long)
                t = upcoming
                if watch is not None:
                    seen = look(layer, watch, state[VOLTAGE], t, False, traces, ghosts, seen)
                    if seen > capacity:
                        return capacity + 1
        if t >= duration:
            break
        if synapses is None:
            end = (np.floor(t / longest) + 1) * longest
            if end <= t:  # by rounding
                end += longest
            end = min(end, duration)
        else:  # the last block ends with the trial
            end = longest * (number_of_block + 1) if number_of_block + 1 < synapses.blocks else duration
        new, cut = 0, False
        while True:
            if synapses is None:
                arrivals, e_next, r_next = merge(
                    times, units, e, count, queue, which, spike_units, r, spikes if recurrent else r, inputs, end,
                    arrive, rows,
                )  # fmt: skip
                _weigh(arrive, arrivals, end, longest, series, shared, steepest, share, fall)
                _sum_arrivals(weights, rows, arrivals, share, fall, sums, state)
            else:
                e_next, r_next = send_to_synapses(
                    weights, synapses, sample, e, spike_times, spike_units, inputs, r, spikes if recurrent else r,
                    number_of_block, powers, shared, under_way,
                )  # fmt: skip
                if e_next > e or r_next > r:
                    pending = number_of_block + synapses.slots
                arrivals = int(pending > number_of_block)
            lasts = longest if synapses is not None else end - t
            if lasts != length:
                length = lasts
                fill_flow(length, rate_mem, rate_syn, shared, flow)
                bound = level * (flow[0] + flow[2])
            if synapses is None:
                _step(state, flow, sums, powers, shared, bound, flags)
            else:
                step(state, flow, under_way, synapses, number_of_block, level, flags)
            if cut:
                break
            flag_waiting(refractory, free_at, t, end, flags)
            candidates = _flagged(flags, groups, busy, chosen)
            if candidates == 0:
                break
            block = Block(t, end, arrive, rows, arrivals)
            free = spike_times[spikes:]
            if synapses is not None:
                new, fired = _follow_each(
                    layer, refractory, release, free_at, block, number_of_block, synapses, under_way, chosen,
                    candidates, state, series, longest, path, found, free,
                )  # fmt: skip
            elif refractory is None:
                new = fired = _follow(layer, block, chosen, candidates, state, series, longest, path, found, free)
            else:
                new, fired = follow(
                    layer, refractory, release, free_at, block, chosen, candidates, state, series, longest, found, free
                )
            if fired > capacity - spikes:
                return capacity + 1
            if new == 0:
                break
            _sort(found, new)
            if synapses is not None:
                while new > 0 and found[0, new - 1] >= duration:
                    new -= 1
                break
            first = first_spike(release, found, new)
            if first == new:
                break
            heard = _first_heard(found, first, new, spike_times, delays)
            cut = recurrent and heard < end
            if not cut:
                break
            end = heard  # the block ends where the first of its spikes arrives
            while found[0, new - 1] > end:
                new -= 1
        _accept(state)
        if watch is not None:
            note_spikes(layer, watch, found, new, end, spikes, flow[0], traces)
        before = spikes
        spikes = accept(
            layer, refractory, release, free_at, final, found, new, end, state, series, longest, out, spikes
        )
        if recurrent and synapses is None:
            send(queue, which, r_next, spike_times, spike_units, delays, before, spikes)
        if watch is not None:
            seen = look(layer, watch, state[VOLTAGE], end, False, traces, ghosts, seen)
            if seen > capacity:
                return capacity + 1
        quiet = arrivals == 0 and (synapses is None or new == 0)
        e, r, t, number_of_block = e_next, r_next, end, number_of_block + 1
    if watch is not None:
        seen = look(layer, watch, state[VOLTAGE], duration, True, traces, ghosts, seen)
        return capacity + 1 if seen > capacity else merge_ghosts(watch, ghosts, seen, out, spikes)
    return spikes
