"""What the kernels do for neurons with a refractory period, dead time or clamp; without one, nothing.

``refractory`` is ``[post]`` [s], or None without such a period; ``release`` receives the current at the release of the
clamp after each spike, and is None if no voltage is clamped. numba leaves out what depends on arguments that are None,
but of arrays it types also what only None would reach.

In a block a dead neuron needs no following, and one whose period ends in it is followed in any case. While its voltage
is clamped, a neuron's state is that of its reset at the ends of blocks; within a block it goes on freely, and gets the
difference to the reset at its release. A release takes its place among the spikes of a block, with a negative unit.
"""

import numpy as np
from numba import njit

from .crossing import crossing
from .flow import ALLOCATING, INLINE, OPTIONS
from .series import evaluate


@njit(**INLINE)
def none_waits(refractory, free_at, now):
    """Whether no refractory period ends from now on."""
    waiting = 0
    if refractory is not None:
        for n in range(len(free_at)):
            waiting += free_at[n] >= now
    return waiting == 0


@njit(**INLINE)
def flag_waiting(refractory, free_at, begin, end, flags):
    """Neurons whose period ends in the block are to be followed, those whose period goes beyond are not."""
    if refractory is not None:
        for n in range(len(free_at)):
            if free_at[n] >= begin:
                flags[n] = free_at[n] < end


@njit(**INLINE)
def first_spike(release, found, count):
    """Index of the first spike among what happens in a block; ``count`` if there are only releases."""
    first = 0
    if release is not None:
        while first < count and found[1, first] < 0:
            first += 1
    return first


@njit(**OPTIONS)
def follow(layer, refractory, release, free_at, block, chosen, candidates, state, series, length, found, free):
    """What ``forward._follow`` does, for neurons with a refractory period.

    ``found`` receives releases too, with unit ``-1 - unit``, and in a fourth row by how much they raise the voltage.

    Returns:
        ``(number of spikes and releases, number of spikes)``; one spike more than there is room at most.
    """
    weights, _, tau_mem, tau_syn, threshold, reset, shared = layer
    begin, end, arrive, rows, count = block
    precision = 0.1 * np.finfo(state.dtype).eps
    happened = spikes = 0
    for c in range(candidates):
        n = chosen[c]
        column = 0 if shared else n
        level, base = np.float64(threshold[n]), np.float64(reset[n])
        a, b = np.float64(state[0, n]), np.float64(state[1, n])  # voltage and current at the begin
        now, free_from = begin, free_at[n]
        waits = free_from >= begin
        for j in range(count + 1):
            until = arrive[j] if j < count else end
            while True:
                if waits:
                    if free_from >= until:
                        break
                    now, waits = max(now, free_from), False
                    decay_mem, decay_syn, k = evaluate(series, column, now - begin, length)
                    v, i = decay_mem * a + k * b, decay_syn * b
                    if release is not None:
                        found[0, happened], found[1, happened], found[2, happened] = now, -1 - n, i
                        found[3, happened] = base - v
                        happened += 1
                        a += (base - v) / decay_mem
                        continue
                    if v < level:
                        continue
                    i = 0.0  # marks a spike at the end of a dead time
                else:
                    decay_mem, decay_syn, k = evaluate(series, column, now - begin, length)
                    v, i = decay_mem * a + k * b, decay_syn * b
                    decay_mem, decay_syn, k = evaluate(series, column, until - begin, length)
                    v_end, i_end = decay_mem * a + k * b, decay_syn * b
                    lag = crossing(
                        v, i, until - now, v_end, i_end, np.float64(tau_mem[n]), np.float64(tau_syn[n]), level, series,
                        column, length, precision,
                    )  # fmt: skip
                    if lag == np.inf:
                        break
                    now += lag
                    decay_mem, decay_syn, _ = evaluate(series, column, now - begin, length)
                    i = decay_syn * b
                if spikes == len(free):
                    return happened, spikes + 1
                time = free.dtype.type(now)
                found[0, happened], found[1, happened], found[2, happened] = time, n, i
                happened += 1
                spikes += 1
                a -= (level - base) / decay_mem
                free_from, waits = np.float64(time) + np.float64(refractory[n]), True
            now = until
            if j < count:
                decay_mem, decay_syn, k = evaluate(series, column, now - begin, length)
                jump = np.float64(weights[rows[j], n]) / decay_syn
                a -= k / decay_mem * jump
                b += jump
    return happened, spikes


@njit(**OPTIONS)
def accept(layer, refractory, release, free_at, last, found, count, end, state, series, length, out, spikes):
    """Store the spikes and releases of a block, and add what they do to the voltages at its end.

    ``free_at`` and ``last`` are the end of each neuron's refractory period and its last spike, if there are periods.

    Returns:
        The number of spikes so far.
    """
    _, _, _, _, threshold, reset, shared = layer
    times, units, current = out
    number = state.dtype.type
    for s in range(count):
        time, n = found[0, s], int(found[1, s])
        if release is not None:
            if n < 0:
                n = -1 - n
                decay_mem, _, _ = evaluate(series, 0 if shared else n, end - time, length)
                state[0, n] += number(found[3, s] * decay_mem)
                release[last[n]] = found[2, s]
                continue
        decay_mem, _, _ = evaluate(series, 0 if shared else n, end - time, length)
        state[0, n] -= (threshold[n] - reset[n]) * number(decay_mem)
        times[spikes], units[spikes], current[spikes] = time, n, found[2, s]
        if refractory is not None:
            free_at[n] = np.float64(times[spikes]) + np.float64(refractory[n])
            last[n] = spikes
        spikes += 1
    if release is not None:
        for n in range(len(free_at)):
            if free_at[n] >= end:
                state[0, n] = reset[n]
    return spikes


@njit(**ALLOCATING)
def previous_spikes(refractory, units, spikes, neurons):
    """The spike of the same neuron before each, -1 if there is none; empty without a refractory period."""
    if refractory is None:
        return np.empty(0, np.int64)
    previous, last = np.empty(spikes, np.int64), np.full(neurons, -1)
    for k in range(spikes):
        previous[k] = last[units[k]]
        last[units[k]] = k
    return previous


@njit(**ALLOCATING)
def jumps(refractory, release, times, units, spikes):
    """Spikes, and releases before the last of them, in order.

    Returns:
        Their times [s], and which spike each is; ``-1 - k`` for the release after spike ``k``. The latter is empty if
        no voltage is clamped, for then all are spikes.
    """
    if release is None:
        return times[:spikes].astype(np.float64), np.empty(0, np.int64)
    all_times, which, number = np.empty(2 * spikes), np.empty(2 * spikes, np.int64), 0
    for k in range(spikes):
        end = np.float64(times[k]) + np.float64(refractory[units[k]])
        if end <= times[spikes - 1]:
            all_times[number], which[number] = end, -1 - k
            number += 1
    all_times[number : number + spikes] = times[:spikes]
    which[number : number + spikes] = np.arange(spikes)
    order = np.argsort(all_times[: number + spikes], kind="mergesort")  # on a tie releases come before spikes
    return all_times[order], which[order]


@njit(**INLINE)
def spike_of(release, which, k):
    """The spike that jump ``k`` belongs to, and whether it is the release after it."""
    if release is None:
        return k, False
    s = which[k]
    return (-1 - s, True) if s < 0 else (s, False)


# Rows of the state of the backward kernel.
_Q, _P, _MU, _A_I, _A_V = range(5)


@njit(**INLINE)
def across_release(
    refractory, release, previous, state, n, k, releases, lag, flow, tau_mem, threshold, reset, current, at_spikes,
    at_count, trains_tau, gradient,
):  # fmt: skip
    """Carry the adjoint of neuron ``n`` back across what a refractory period brings, if it is that.

    That is a spike ``k`` at the end of a dead time, at which the voltage falls whatever it is, or the release of the
    clamp after spike ``k``, from which it begins at its reset. Both move with the spike before them.

    Returns:
        Whether it was that; an ordinary spike is not.
    """
    if refractory is None:
        return False
    if release is None:
        if current > 0:
            return False
    elif not releases:
        return False
    decay_mem, decay_syn, kappa, c_mu, c_a = flow
    x = lag / tau_mem
    p_end, q_end, a_v = np.float64(state[_P, n]), np.float64(state[_Q, n]), np.float64(state[_A_V, n])
    p, slope = decay_mem * p_end, -decay_mem * (a_v - p_end * x) / tau_mem  # the latter is dp/dtau_mem
    gradient.reset[n] += p
    if release is None:
        at_time = at_spikes[k] - p * (threshold - reset) / tau_mem
        at_spikes[previous[k]] += at_time
        gradient.threshold[n] -= p
        p_jump, a_jump, jump = at_count / threshold / decay_mem, at_count / threshold / decay_mem * x, reset - threshold
    else:
        at_time = -p * (np.float64(release[k]) - reset) / tau_mem
        at_spikes[k] += at_time
        p_jump, a_jump, jump = -p_end, -a_v, reset
    gradient.refractory[n] += at_time
    q_jump = -kappa * p_jump / decay_syn  # so that what is not to jump is continuous there
    if trains_tau:
        gradient.tau_mem[n] += jump * slope
        state[_A_V, n] = a_v + a_jump
        state[_A_I, n] -= (kappa * a_jump + c_a * p_jump) / decay_syn
        state[_MU, n] -= lag * q_jump + c_mu * p_jump / decay_syn
    state[_P, n], state[_Q, n] = p_end + p_jump, q_end + q_jump
    return True
