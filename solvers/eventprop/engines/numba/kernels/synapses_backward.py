"""Backward kernel for delays of each synapse: the adjoint of ``backward``, gathered from a ring of later blocks.

Going back, the adjoint variables at the end of each block are kept in a ring for as long as a spike can have arrivals
in it. When the time of a spike comes, its arrivals lie in later blocks, and what they add to the gradients follows from
there in closed form, for all targets at once. A neuron that spikes within a block has one set of adjoint variables for
arrivals after each of its spikes (a ``version``), and one for those before: arrivals after its first spike are looked
up one by one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from .backward import A_I, A_V, MU, P, Q, _carry, _spike
from .flow import ALLOCATING, OPTIONS, decay, fill_flow, long_flow, short_flow
from .ghosts import add_effect, asks_effect, has_effect
from .refractory import across_release, jumps, previous_spikes, spike_of
from .series import evaluate
from .synapses import arrive_at, fill_current_and_voltage, lags_to_end, slots

# Columns of the ring: the adjoint variables, and in which part of the block the first spike is, 2 if there is none.
FIRST, WIDTH = 5, 8


class Past(NamedTuple):
    """The adjoint variables of later blocks.

    Attributes:
        ring: ``[slots, post, WIDTH]``, those at the ends of blocks, for arrivals before the first spike.
        jumps: ``[slots, post]``, the first jump in each block.
        parts: ``[jumps]``, place of each in its block, as a part.
        following: ``[jumps]``, the next jump of the same neuron in the same block, -1 if there is none.
        versions: ``[jumps, 5]``, the adjoint variables at the end of the block for arrivals after each jump.
        work: ``[12, post]``, of which the first five rows are adjoint variables, to be overwritten.
        block_of: ``[post]``, likewise.
    """

    ring: np.ndarray
    jumps: np.ndarray
    parts: np.ndarray
    following: np.ndarray
    versions: np.ndarray
    work: np.ndarray
    block_of: np.ndarray


@njit(**ALLOCATING)
def _nothing_past(synapses, neurons, number_of_jumps, dtype):
    count = slots(synapses)
    ring = np.zeros((count, neurons, WIDTH), dtype)
    ring[:, :, FIRST] = 2
    return Past(
        ring, np.zeros((count, neurons), np.int64), np.empty(number_of_jumps), np.empty(number_of_jumps, np.int64),
        np.empty((number_of_jumps, 5), dtype), np.empty((12, neurons), dtype), np.empty(neurons, np.uint32),
    )  # fmt: skip


@njit(**OPTIONS)
def _look_up(past, n, place, part):
    """The adjoint variables for an arrival after the first jump of its neuron in its block, into ``work``."""
    j = past.jumps[place, n]
    while past.following[j] >= 0 and past.parts[past.following[j]] < part:
        j = past.following[j]
    for row in range(5):
        past.work[row, n] = past.versions[j, row]


@njit(**OPTIONS)
def _gather(layer, synapses, past, row, position, length, rate_mem, rate_syn, trains_tau, there, gradient):
    """Add what the arrivals of a spike at a position [blocks] bring, if it is ``there``.

    Returns:
        The derivatives of the loss with respect to its time and to its amplitude.
    """
    weights, number = layer.weights, layer.weights.dtype.type
    work, block_of, ring = past.work, past.block_of, past.ring
    q, p, part, lag, decay_syn, kappa, decay_mem, at_weight, at_lag = (
        work[Q], work[P], work[5], work[6], work[7], work[8], work[9], work[10], work[11],
    )  # fmt: skip
    whole = np.floor(position)
    arrive_at(synapses, row, np.uint32(whole), number(position - whole), block_of, part)
    mask, late = np.uint32(len(ring) - 1), 0
    for n in range(len(part)):
        place = ring[block_of[n] & mask, n]
        q[n], p[n] = place[Q], place[P]
        late += part[n] > place[FIRST]
    if trains_tau:
        for n in range(len(part)):
            place = ring[block_of[n] & mask, n]
            work[MU, n], work[A_I, n], work[A_V, n] = place[MU], place[A_I], place[A_V]
    if late > 0:
        for n in range(len(part)):
            place = block_of[n] & mask
            if part[n] > ring[place, n, FIRST]:
                _look_up(past, n, place, part[n])

    lags_to_end(part, length, lag)
    fill_current_and_voltage(lag, rate_mem, rate_syn, decay_syn, kappa)
    for n in range(len(lag)):
        decay_mem[n] = decay(lag[n] * rate_mem[n])
    for n in range(len(lag)):
        at_weight[n] = decay_syn[n] * q[n] + kappa[n] * p[n]
    for n in range(len(lag)):
        at_lag[n] = rate_syn[n] * at_weight[n] - rate_mem[n] * decay_mem[n] * p[n]
    at_time = at_amplitude = number(0)
    for n in range(len(lag)):
        at_amplitude += weights[row, n] * at_weight[n]
        at_time += weights[row, n] * at_lag[n]
    if not there:
        return number(0), at_amplitude
    for n in range(len(lag)):
        gradient.weights[row, n] += at_weight[n]
    for n in range(len(lag)):
        gradient.delays[row, n] += weights[row, n] * at_lag[n]
    if trains_tau:
        _add_to_tau(weights, row, work, rate_mem, rate_syn, gradient)
    return at_time, at_amplitude


@njit(**OPTIONS)
def _add_to_tau(weights, row, work, rate_mem, rate_syn, gradient):
    """What the arrivals of a spike add to the gradients of the time constants; ``work`` as in ``_gather``."""
    q, p, mu, a_i, a_v, lag, decay_syn, kappa = (
        work[Q], work[P], work[MU], work[A_I], work[A_V], work[6], work[7], work[8],
    )  # fmt: skip
    of_mu, of_a = work[9], work[10]
    for n in range(len(lag)):
        _, _, _, of_mu[n], of_a[n] = short_flow(lag[n], rate_mem[n], rate_syn[n])
    for n in range(len(lag)):
        of_mu[n] = of_mu[n] * p[n] + decay_syn[n] * (mu[n] + lag[n] * q[n])
    for n in range(len(lag)):
        of_a[n] = of_a[n] * p[n] + decay_syn[n] * a_i[n] + kappa[n] * a_v[n]
    for n in range(len(lag)):
        gradient.tau_syn[n] += rate_syn[n] * rate_syn[n] * weights[row, n] * of_mu[n]
    for n in range(len(lag)):
        gradient.tau_mem[n] -= rate_mem[n] * weights[row, n] * of_a[n]


@njit(**ALLOCATING)
def synaptic_adjoint(
    layer, refractory, length, expanded, sample, synapses, stored, release, cotangents, wanted, gradient, marks
):
    """As ``backward.adjoint``, with ``synapses`` in place of the delays, whose blocks have the ``length``."""
    weights, recurrent, tau_mem, tau_syn, threshold, reset, shared = layer
    times, units, count = sample
    spike_times, spike_units, spike_current, spikes = stored
    number, neurons, trains_tau = weights.dtype.type, weights.shape[1], wanted.tau
    inputs = weights.shape[0] - neurons if recurrent else weights.shape[0]
    rate_mem, rate_syn, series, _ = expanded
    state, flow = np.zeros((5, neurons), number), np.empty((5, neurons), number)
    fill_flow(length, rate_mem, rate_syn, shared, flow)
    at_spikes = cotangents.times[:spikes].astype(np.float64)
    at_amplitudes = np.empty(0) if marks is None else marks.at_amplitudes[:spikes].astype(np.float64)
    previous = previous_spikes(refractory, spike_units, spikes, neurons)
    jump_times, which = jumps(refractory, release, spike_times, spike_units, spikes)
    k = len(jump_times)
    if k == 0:
        return  # nothing that could have an effect
    past, first = _nothing_past(synapses, neurons, k, number), np.full(neurons, -1)
    e = np.searchsorted(times[:count], spike_times.dtype.type(spike_times[spikes - 1]), side="right")
    block = np.floor(jump_times[k - 1] / length)
    while k > 0 or e > 0:
        end, last_jump = (block + 1) * length, k
        while k > 0 and (jump_times[k - 1] / length >= block or block == 0):
            k -= 1
            s, releases = spike_of(release, which, k)
            n, at_position = spike_units[s], max(jump_times[k] / length, block)
            if recurrent and not releases:
                there = has_effect(marks, True, s)
                if there or asks_effect(marks, True, s):
                    at_time, effect = _gather(
                        layer, synapses, past, inputs + n, at_position, length, rate_mem, rate_syn, trains_tau, there,
                        gradient,
                    )  # fmt: skip
                    at_spikes[s] += at_time
                    if asks_effect(marks, True, s):
                        add_effect(marks, True, s, effect, at_amplitudes)
            past.parts[k], past.following[k], first[n] = at_position - block, first[n], k
            for row in range(5):
                past.versions[k, row] = state[row, n]
            lag = max(end - jump_times[k], 0.0)
            if trains_tau:
                crossed = long_flow(lag, 1.0 / np.float64(tau_mem[n]), 1.0 / np.float64(tau_syn[n]))
            else:
                decay_mem, decay_syn, kappa = evaluate(series, 0 if shared else n, lag, length)
                crossed = decay_mem, decay_syn, kappa, 0.0, 0.0
            constants = np.float64(tau_mem[n]), np.float64(threshold[n]), np.float64(reset[n])
            current, at_count = np.float64(spike_current[s]), np.float64(cotangents.counts[n])
            if not across_release(
                refractory, release, previous, state, n, s, releases, lag, crossed, *constants, current, at_spikes,
                at_count, trains_tau, gradient,
            ):  # fmt: skip
                at_amplitude = 0.0 if marks is None else at_amplitudes[s]
                _spike(
                    state, n, lag, crossed, *constants, current, at_spikes[s], at_count, wanted, gradient, marks,
                    s, at_amplitude,
                )  # fmt: skip
        _keep(past, state, first, block, k, last_jump, spike_units, release, which)
        while e > 0 and (times[e - 1] / length >= block or block == 0):
            e -= 1
            there = has_effect(marks, False, e)
            if there or asks_effect(marks, False, e):
                at_time, effect = _gather(
                    layer, synapses, past, units[e], np.float64(times[e]) / length, length, rate_mem, rate_syn,
                    trains_tau, there, gradient,
                )  # fmt: skip
                if asks_effect(marks, False, e):
                    add_effect(marks, False, e, effect, at_amplitudes)
                if wanted.times:
                    gradient.times[e] = at_time
        _carry(state, length, flow, rate_mem, trains_tau)
        block -= 1


@njit(**OPTIONS)
def _keep(past, state, first, block, begin, stop, spike_units, release, which):
    """The adjoint variables at the end of a block, for arrivals before its jumps ``begin`` to ``stop``."""
    place = np.uint32(block) & np.uint32(len(past.ring) - 1)
    ring = past.ring[place]
    for n in range(len(ring)):
        for row in range(5):
            ring[n, row] = state[row, n]
        ring[n, FIRST] = 2
    for k in range(begin, stop):
        s, _ = spike_of(release, which, k)
        n = spike_units[s]
        if first[n] >= 0:
            ring[n, FIRST], past.jumps[place, n] = past.parts[first[n]], first[n]
            first[n] = -1
