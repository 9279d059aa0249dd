"""Backward kernel for delays of each synapse: the adjoint of ``backward``, gathered from a ring of later blocks.

Going back, the adjoint variables at the end of each block are kept in a ring for as long as a spike can have arrivals
in it. When the time of a spike comes, its arrivals lie in later blocks, and what they add to the gradients follows from
there in closed form, for all targets at once. A neuron that spikes within a block has one set of adjoint variables for
arrivals after each of its spikes, and one for those before: these are marked in the ring and looked up one by one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from .backward import A_I, A_V, MU, P, Q, carry, cross
from .flow import ALLOCATING, APART, INLINE, OPTIONS, fill_flow, short_flow
from .ghosts import add_effect, asks_effect, has_effect
from .refractory import jumps, previous_spikes, spike_of
from .synapses import arrival_of, bring, in_fixed_point, part_of
from .vectors import no_overlap, not_numbers, take_pairs, trailing_zeros

# Further rows of the work, for the gradients of the time constants.
SYN, KAPPA, OF_MU, OF_A = range(5, 9)


class Past(NamedTuple):
    """The adjoint variables of later blocks.

    Attributes:
        pairs: ``[slots, 2 * post]``, Q and P at the ends of blocks; where a neuron jumps in the block, P is NaN, and Q
            the number of its first jump there, from that at which the block ``starts``.
        others: ``[slots * post, 3]``, MU, A_I and A_V; empty unless time constants are trained.
        starts: ``[slots]``.
        parts: ``[jumps]``, place of each in its block, in fixed point.
        following: ``[jumps]``, the next jump of the same neuron in the same block, -1 if there is none.
        versions: ``[jumps, 16]``, the adjoint variables at the end of the block for arrivals before the jump, if it is
            the first one of its neuron; from the eighth on those for arrivals after it.
        work: ``[9, post]``, of which the first five rows are adjoint variables, to be overwritten.
        places: ``[post]``, likewise.
        x: ``[post]``, likewise.
    """

    pairs: np.ndarray
    others: np.ndarray
    starts: np.ndarray
    parts: np.ndarray
    following: np.ndarray
    versions: np.ndarray
    work: np.ndarray
    places: np.ndarray
    x: np.ndarray


@njit(**ALLOCATING)
def _nothing_past(synapses, neurons, number_of_jumps, trains_tau, dtype):
    places, some = synapses.slots * neurons, number_of_jumps
    return Past(
        np.zeros((synapses.slots, 2 * neurons), dtype), np.zeros((places if trains_tau else 0, 3), dtype),
        np.zeros(synapses.slots, np.int64), np.empty(some, synapses.delays.dtype), np.empty(some, np.int64),
        np.empty((some, 16), dtype), np.empty((9, neurons), dtype),
        np.empty(neurons, np.uint32), np.empty(neurons, dtype),
    )  # fmt: skip


@njit(**OPTIONS)
def _keep(synapses, past, state, block, first, begin, stop, spike_units, release, which, trains_tau):
    """The adjoint variables at the end of a block, whose jumps are ``begin`` to ``stop``; ``first`` of each neuron."""
    slot, neurons = block % synapses.slots, state.shape[1]
    pairs = past.pairs[slot]
    for n in range(neurons):
        pairs[2 * n], pairs[2 * n + 1] = state[Q, n], state[P, n]
    if trains_tau:
        for n in range(neurons):
            place = past.others[slot * neurons + n]
            place[0], place[1], place[2] = state[MU, n], state[A_I, n], state[A_V, n]
    past.starts[slot] = begin
    for k in range(begin, stop):
        s, _ = spike_of(release, which, k)
        n = spike_units[s]
        if first[n] >= 0:
            pairs[2 * n], pairs[2 * n + 1] = first[n] - begin, np.nan
            for row in range(5):
                past.versions[first[n], row] = state[row, n]
            first[n] = -1


@njit(**APART)
def _arrive(at, delays, size, bits, places, x):
    """Places of the arrivals of a spike in the ring, and their ``x``; the arguments as in ``synapses_forward``."""
    no_overlap()
    kind, number, neurons = delays.dtype.type, x.dtype.type, np.uint32(len(delays))
    for n in range(len(delays)):
        slot, x[n] = arrival_of(kind(delays[n] + at), size, bits, number)
        places[n] = np.uint32(np.uint32(slot * neurons) + np.uint32(n))


@njit(**INLINE)
def _look_up(synapses, past, row, at, trains_tau):
    """The adjoint variables for arrivals in blocks in which their neuron jumps, into ``work``."""
    kind, q, p = synapses.delays.dtype.type, past.work[Q], past.work[P]
    for start in range(0, len(p), 64):
        marked = np.uint64(0)
        for eight in range(0, min(64, len(p) - start), 8):
            marked |= not_numbers(p, np.uint64(start + eight)) << np.uint64(eight)
        while marked:
            n = start + trailing_zeros(marked)
            marked &= marked - np.uint64(1)
            if 0 <= q[n] < len(past.parts):  # else all are not numbers, for another reason
                j = past.starts[past.places[n] // len(p)] + np.int64(q[n])
                part = part_of(synapses, kind(at + synapses.delays[row, n]))
                later = 8 * (past.parts[j] < part)
                while past.following[j] >= 0 and past.parts[past.following[j]] < part:
                    j = past.following[j]
                q[n], p[n] = past.versions[j, later + Q], past.versions[j, later + P]
                if trains_tau:
                    for variable in (MU, A_I, A_V):
                        past.work[variable, n] = past.versions[j, later + variable]


@njit(**INLINE)
def _gather(layer, synapses, past, row, at, expanded, trains_tau, there, asks, gradient):
    """Add what the arrivals of a spike at a place ``at`` bring, if it is ``there``; to delays see ``of_delays``.

    Returns:
        The derivatives of the loss with respect to its time and to its amplitude, if somebody ``asks``.
    """
    work, places, x = past.work, past.places, past.x
    rate_mem, rate_syn, _, powers = expanded
    _arrive(at, synapses.delays[row], synapses.size, synapses.bits, places, x)
    for n in range(0, len(places), 8):
        take_pairs(past.pairs, places, work[Q], work[P], np.uint64(n))
    if trains_tau:
        for n in range(len(x)):
            place = past.others[places[n]]
            work[MU, n], work[A_I, n], work[A_V, n] = place[0], place[1], place[2]
    _look_up(synapses, past, row, at, trains_tau)
    at_time = at_amplitude = layer.weights.dtype.type(0)
    if asks:
        at_time, at_amplitude = _derivatives(
            layer.weights[row], work[Q], work[P], x, rate_mem, rate_syn, powers, layer.shared
        )
    if there:
        _add(gradient.weights[row], gradient.delays[row], work[Q], work[P], x, rate_mem, rate_syn, powers, layer.shared)
        if trains_tau:
            _add_to_tau(layer.weights, row, work, x, synapses.length, rate_mem, rate_syn, gradient)
    return at_time, at_amplitude


@njit(**INLINE)
def _of_arrival(q, p, x, rate_mem, rate_syn, powers, n, shared):
    """The derivative of the loss with respect to a weight, and P decayed over the lag and divided by tau_mem."""
    syn, kappa = bring(x, powers, n, shared)
    return syn * q + kappa * p, (rate_mem * syn + (rate_syn - rate_mem) * kappa) * p


@njit(**APART)
def _add(of_weights, of_delays, q, p, x, rate_mem, rate_syn, powers, shared):
    """Add the arrivals of a spike to the gradients of its weights and delays."""
    no_overlap()
    if shared:
        for n in range(len(x)):
            at_weight, of_p = _of_arrival(q[n], p[n], x[n], rate_mem[n], rate_syn[n], powers, n, True)
            of_weights[n] += at_weight
            of_delays[n] += of_p
    else:
        for n in range(len(x)):
            at_weight, of_p = _of_arrival(q[n], p[n], x[n], rate_mem[n], rate_syn[n], powers, n, False)
            of_weights[n] += at_weight
            of_delays[n] += of_p


@njit(**APART)
def _derivatives(weights, q, p, x, rate_mem, rate_syn, powers, shared):
    """Derivatives of the loss with respect to the time and the amplitude of a spike."""
    no_overlap()
    at_time = at_amplitude = x.dtype.type(0)
    if shared:
        for n in range(len(x)):
            at_weight, of_p = _of_arrival(q[n], p[n], x[n], rate_mem[n], rate_syn[n], powers, n, True)
            at_amplitude += weights[n] * at_weight
            at_time += weights[n] * (rate_syn[n] * at_weight - of_p)
    else:
        for n in range(len(x)):
            at_weight, of_p = _of_arrival(q[n], p[n], x[n], rate_mem[n], rate_syn[n], powers, n, False)
            at_amplitude += weights[n] * at_weight
            at_time += weights[n] * (rate_syn[n] * at_weight - of_p)
    return at_time, at_amplitude


@njit(**OPTIONS)
def _add_to_tau(weights, row, work, x, length, rate_mem, rate_syn, gradient):
    """What the arrivals of a spike add to the gradients of the time constants; ``work`` as in ``_gather``."""
    q, p, mu, a_i, a_v = work[Q], work[P], work[MU], work[A_I], work[A_V]
    syn, kappa, of_mu, of_a, half = work[SYN], work[KAPPA], work[OF_MU], work[OF_A], x.dtype.type(length / 2)
    for n in range(len(x)):
        _, syn[n], kappa[n], of_mu[n], of_a[n] = short_flow((x[n] + 1) * half, rate_mem[n], rate_syn[n])
    for n in range(len(x)):
        of_mu[n] = of_mu[n] * p[n] + syn[n] * (mu[n] + (x[n] + 1) * half * q[n])
    for n in range(len(x)):
        of_a[n] = of_a[n] * p[n] + syn[n] * a_i[n] + kappa[n] * a_v[n]
    for n in range(len(x)):
        gradient.tau_syn[n] += rate_syn[n] * rate_syn[n] * weights[row, n] * of_mu[n]
    for n in range(len(x)):
        gradient.tau_mem[n] -= rate_mem[n] * weights[row, n] * of_a[n]


@njit(**OPTIONS)
def of_delays(layer, expanded, gradient):
    """The gradient of the delays, from that of the weights and the sum of p/tau_mem at the arrivals in its place.

    It is w times the sum over the arrivals of q/tau_syn - p/tau_mem, the change of q with the lag.
    """
    rate_syn = expanded[1]
    for row in range(len(layer.weights)):
        for n in range(len(rate_syn)):
            gradient.delays[row, n] = layer.weights[row, n] * (
                rate_syn[n] * gradient.weights[row, n] - gradient.delays[row, n]
            )


@njit(**OPTIONS)
def _gather_until(
    layer, synapses, past, sample, e, spike_units, release, which, jump_times, k, block, expanded, wanted, gradient,
    marks, at_spikes, at_amplitudes,
):  # fmt: skip
    """Gather what input events before ``e`` bring that come after a block, and the spikes among jumps ``k`` in it.

    Returns:
        The first of these events, and the first jump of the block.
    """
    times, units, _ = sample
    length, recurrent = synapses.length, layer.recurrent
    inputs = layer.weights.shape[0] - layer.weights.shape[1] if recurrent else layer.weights.shape[0]
    while True:
        position = np.float64(times[e - 1]) / length if e > 0 else -np.inf
        own = not position >= block + 1
        if own:
            position = jump_times[k - 1] / length if k > 0 else -np.inf
            if block < 0 or k == 0 or (position < block and block > 0):
                return e, k
            k -= 1
            source, releases = spike_of(release, which, k)
            position, row = max(position, np.float64(block)), inputs + spike_units[source]
            if not recurrent or releases:
                continue
        else:
            e -= 1
            source, row = e, units[e]
        there, asks = has_effect(marks, own, source), asks_effect(marks, own, source)
        if there or asks:
            _, at = in_fixed_point(synapses, position)
            at_time, effect = _gather(
                layer, synapses, past, row, at, expanded, wanted.tau, there, asks or own or wanted.times, gradient
            )
            if asks:
                add_effect(marks, own, source, effect, at_amplitudes)
            if own:
                if there:
                    at_spikes[source] += at_time
            elif wanted.times:
                gradient.times[e] = at_time if there else 0.0


@njit(**ALLOCATING)
def synaptic_adjoint(
    layer, refractory, length, expanded, sample, synapses, stored, release, cotangents, wanted, gradient, marks
):
    """As ``backward.adjoint``, with ``synapses`` in place of the delays, whose blocks have the ``length``."""
    times, _, count = sample
    spike_times, spike_units, _, spikes = stored
    number, neurons, trains_tau = layer.weights.dtype.type, layer.weights.shape[1], wanted.tau
    rate_mem, rate_syn, series, _ = expanded
    state, flow = np.zeros((5, neurons), number), np.empty((5, neurons), number)
    fill_flow(length, rate_mem, rate_syn, layer.shared, flow)
    at_spikes = cotangents.times[:spikes].astype(np.float64)
    at_amplitudes = np.empty(0) if marks is None else marks.at_amplitudes[:spikes].astype(np.float64)
    previous = previous_spikes(refractory, spike_units, spikes, neurons)
    jump_times, which = jumps(refractory, release, spike_times, spike_units, spikes)
    k = len(jump_times)
    if k == 0:
        return  # nothing that could have an effect
    past, first = _nothing_past(synapses, neurons, k, trains_tau, number), np.full(neurons, -1)
    e = np.searchsorted(times[:count], spike_times.dtype.type(spike_times[spikes - 1]), side="right")
    block = int(np.floor(jump_times[k - 1] / length))
    while k > 0 or e > 0:
        e, begin = _gather_until(
            layer, synapses, past, sample, e, spike_units, release, which, jump_times, k, block, expanded, wanted,
            gradient, marks, at_spikes, at_amplitudes,
        )  # fmt: skip
        if block < 0:
            break
        end, last_jump = (block + 1) * length, k
        while k > begin:
            k -= 1
            s, releases = spike_of(release, which, k)
            n = spike_units[s]
            _, at = in_fixed_point(synapses, max(jump_times[k] / length, np.float64(block)))
            past.parts[k], past.following[k], first[n] = part_of(synapses, at), first[n], k
            for row in range(5):
                past.versions[k, row + 8] = state[row, n]
            cross(
                layer, refractory, release, previous, state, series, length, stored, s, releases,
                max(end - jump_times[k], 0.0), at_spikes, at_amplitudes, cotangents.counts, wanted, gradient, marks,
            )  # fmt: skip
        _keep(synapses, past, state, block, first, begin, last_jump, spike_units, release, which, trains_tau)
        carry(state, length, flow, rate_mem, trains_tau)
        block -= 1
