"""Backward kernel: the exact adjoint of one layer, over the stored spikes in reverse order.

``p`` and ``q`` are the derivatives of the loss with respect to each neuron's voltage and current (EventProp's adjoints
are ``lambda_v = -p/tau_mem`` and ``lambda_i = -q/tau_syn``). They are kept as of the end of a block: their values at an
event inside it follow in closed form, and the jump at a spike is carried forward to the end of the block, so that an
event touches only the rows it needs.

The gradient of a weight is ``q`` at the arrivals. With shared time constants that is the same combination of ``q`` and
``p`` for all neurons. With others it is a polynomial in the lag, whose coefficients follow from the differential
equation, backwards in time: ``q' = -q/tau_syn + p/tau_mem``, ``p' = -p/tau_mem``.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, table 2; delayed transmission as in Meszaros et al. 2025, Nat.
Commun. 16 (s41467-025-65394-8), eqs. 67-70. The gradients of the time constants, integrals of lambda_v dv/dt and of
lambda_i di/dt, use three more adjoint variables (``mu``, ``a_i``, ``a_v``) instead of a stored trajectory: they are
linear in the jumps of the current, so they are sampled at the arrivals too.
"""

import numpy as np
from numba import njit

from .arrivals import merge, send
from .flow import ALLOCATING, INLINE, OPTIONS, fill_flow, long_flow
from .ghosts import add_effect, asks_effect, before_mark, has_effect, is_there
from .refractory import across_release, jumps, previous_spikes, spike_of
from .series import evaluate

TINY = 1e-30  # adjoints below are set to zero: denormal numbers are a hundred times slower
# Rows of the state: the adjoint variables at the end of the block.
Q, P, MU, A_I, A_V = range(5)


@njit(**INLINE)
def _flushed(x, tiny):
    return x if abs(x) > tiny else type(x)(0)


@njit(**INLINE)
def _at_lag(state, n, flow, m, x, lag):
    """Q, MU, A_I and A_V of neuron ``n`` at a lag before the end of the block, from column ``m`` of a flow."""
    decay_mem, decay_syn, k, c_mu, c_a = flow[0, m], flow[1, m], flow[2, m], flow[3, m], flow[4, m]
    q = decay_syn * state[Q, n] + k * state[P, n]
    mu = decay_syn * (state[MU, n] + lag * state[Q, n]) + c_mu * state[P, n]
    a_i = decay_syn * state[A_I, n] + k * state[A_V, n] + c_a * state[P, n]
    return q, mu, a_i, decay_mem * (state[A_V, n] - x * state[P, n])


@njit(**OPTIONS)
def carry(state, lag, flow, rate_mem, trains_tau):
    """Carry the adjoint variables of all neurons back over a lag without events, with its ``fill_flow``."""
    tiny, lag = state.dtype.type(TINY), state.dtype.type(lag)
    if trains_tau:
        for n in range(state.shape[1]):
            _, mu, a_i, a_v = _at_lag(state, n, flow, n, lag * rate_mem[n], lag)
            state[MU, n], state[A_I, n], state[A_V, n] = _flushed(mu, tiny), _flushed(a_i, tiny), _flushed(a_v, tiny)
    for n in range(state.shape[1]):
        state[Q, n] = _flushed(flow[1, n] * state[Q, n] + flow[2, n] * state[P, n], tiny)
        state[P, n] = _flushed(flow[0, n] * state[P, n], tiny)


@njit(**OPTIONS)
def _expand(state, powers, basis):
    """What arrivals add to the gradient of their weight, as polynomials, ``[terms, neurons]``.

    ``powers`` are the coefficients of the flow as ``series.expand`` gives them.
    """
    for d in range(len(basis)):
        for n in range(state.shape[1]):
            basis[d, n] = powers[1, d, n] * state[Q, n] + powers[2, d, n] * state[P, n]


@njit(**OPTIONS)
def _expand_all(state, half, rate_mem, rate_syn, scale, work, basis):
    """What arrivals add to the gradients of their weight and of the time constants, as polynomials in the lag.

    Args:
        state: adjoint variables.
        half: flow over ``scale``, half a block.
        rate_mem: ``[neurons]``.
        rate_syn: ``[neurons]``.
        scale: [s].
        work: of the shape of the state, is overwritten.
        basis: ``[3, terms, neurons]``; receives dL/dw of an arrival, dL/dtau_mem and dL/dtau_syn per unit weight.
    """
    scale = state.dtype.type(scale)
    for n in range(state.shape[1]):
        work[Q, n], work[MU, n], work[A_I, n], work[A_V, n] = _at_lag(state, n, half, n, scale * rate_mem[n], scale)
        work[P, n] = half[0, n] * state[P, n]
    for d in range(basis.shape[1]):
        each = state.dtype.type(1 / (d + 1))
        for n in range(state.shape[1]):
            x, y = each * scale * rate_mem[n], each * scale * rate_syn[n]
            basis[1, d, n] = -rate_mem[n] * work[A_I, n]
            basis[2, d, n] = rate_syn[n] * rate_syn[n] * work[MU, n]
            work[MU, n] = each * scale * work[Q, n] - y * work[MU, n]
            work[A_I, n] = x * (work[A_V, n] + work[P, n]) - y * work[A_I, n]
            work[A_V, n] = -x * (work[A_V, n] + work[P, n])
        for n in range(state.shape[1]):
            x, y = each * scale * rate_mem[n], each * scale * rate_syn[n]
            basis[0, d, n] = work[Q, n]
            work[Q, n] = x * work[P, n] - y * work[Q, n]
            work[P, n] = -x * work[P, n]


@njit(**INLINE)
def _add_row(target, row, share, basis):
    """Add the combination of the rows of ``basis``, two or a multiple of four, to a row."""
    if len(basis) == 2:
        a, b = share[0], share[1]
        for n in range(basis.shape[1]):
            target[row, n] += a * basis[0, n] + b * basis[1, n]
    else:
        for k in range(0, len(basis), 4):
            a, b, c, d = share[k], share[k + 1], share[k + 2], share[k + 3]
            for n in range(basis.shape[1]):
                target[row, n] += (a * basis[k, n] + b * basis[k + 1, n]) + (c * basis[k + 2, n] + d * basis[k + 3, n])


@njit(**INLINE)
def _dot_row(weights, row, share, basis):
    """Product of a row with the combination of the rows of ``basis``, two or a multiple of four."""
    total = basis.dtype.type(0)
    if len(basis) == 2:
        a, b = share[0], share[1]
        for n in range(basis.shape[1]):
            total += weights[row, n] * (a * basis[0, n] + b * basis[1, n])
    else:
        for k in range(0, len(basis), 4):
            a, b, c, d = share[k], share[k + 1], share[k + 2], share[k + 3]
            for n in range(basis.shape[1]):
                total += weights[row, n] * (
                    (a * basis[k, n] + b * basis[k + 1, n]) + (c * basis[k + 2, n] + d * basis[k + 3, n])
                )
    return total


@njit(**OPTIONS)
def _add_moments(moments, weights, row, share):
    """Sums of the arriving weights, with the powers of their lags as factors."""
    for d in range(len(moments)):
        a = share[d]
        for n in range(moments.shape[1]):
            moments[d, n] += a * weights[row, n]


@njit(**OPTIONS)
def _collect(moments, basis, d_tau_mem, d_tau_syn):
    """Turn the sums of the arrivals so far into gradients of the time constants."""
    for d in range(len(moments)):
        for n in range(moments.shape[1]):
            d_tau_mem[n] += basis[1, d, n] * moments[d, n]
            d_tau_syn[n] += basis[2, d, n] * moments[d, n]
            moments[d, n] = 0


@njit(**INLINE)
def _spike(
    state, n, lag, flow, tau_mem, threshold, reset, current, at_time, at_count, wanted, gradient, marks, k,
    at_amplitude,
):  # fmt: skip
    """Carry the adjoint of neuron ``n`` back across its own spike, ``lag`` before the end of the block.

    With dv/dt before the spike (current - threshold)/tau_mem and after it (current - reset)/tau_mem, and X the
    derivative of the loss with respect to the spike time: p_before = ((current - reset) p_after - tau_mem X) /
    (current - threshold). The new values are then carried forward to the end of the block as if there were no spike.
    With smoothing, spike ``k`` may be a ghost, and ``marks`` says what else comes in, see ``ghosts``. Without a
    gradient through the reset the voltage falls at a fixed time, and p is continuous but for X.
    """
    _, d_tau_mem, _, d_threshold, d_reset, _, _, _ = gradient
    number = state.dtype.type
    decay_mem, decay_syn, kappa, c_mu, c_a = flow
    x = lag / tau_mem
    p_end, q_end = np.float64(state[P, n]), np.float64(state[Q, n])
    p_after, at_current = decay_mem * p_end, decay_syn * q_end + kappa * p_end

    there = is_there(marks, k)
    rises_by = max(current - threshold, threshold * np.finfo(state.dtype).eps)  # > 0 but for rounding
    if wanted.reset:
        p_before = ((current - reset) * p_after - tau_mem * at_time) / rises_by
    else:
        p_before = p_after - tau_mem * at_time / rises_by
    at_threshold = -p_before
    if marks is not None:
        p_before, at_threshold = before_mark(
            marks, k, p_after, p_before, current, at_time, at_amplitude, tau_mem, threshold, reset
        )
    d_threshold[n] += number(at_threshold)
    if there:
        d_reset[n] += number(p_after)
        p_before += at_count / threshold  # the heuristic gradient of the spike count: v(t_k)/threshold, v as if free

    p_new = p_before / decay_mem
    q_new = (at_current - kappa * p_new) / decay_syn
    if wanted.tau:  # what the jump of p changes in the others, so that they are continuous at the spike
        a_v = np.float64(state[A_V, n])
        rest = a_v - p_end * x
        if there and not wanted.reset:
            d_tau_mem[n] += number((threshold - reset) * decay_mem * rest / tau_mem)
        elif there:  # the voltage starts anew
            d_tau_mem[n] += number(-reset * decay_mem * rest / tau_mem)
            rest = 0.0
        a_new = p_new * x + rest
        at_a_i = decay_syn * state[A_I, n] + kappa * a_v + c_a * p_end
        at_mu = decay_syn * (state[MU, n] + lag * q_end) + c_mu * p_end
        state[A_V, n] = a_new
        state[A_I, n] = (at_a_i - kappa * a_new - c_a * p_new) / decay_syn
        state[MU, n] = (at_mu - c_mu * p_new) / decay_syn - lag * q_new
    state[P, n], state[Q, n] = p_new, q_new


@njit(**INLINE)
def cross(
    layer, refractory, release, previous, state, series, length, stored, s, releases, lag, at_spikes, at_amplitudes,
    counts, wanted, gradient, marks,
):  # fmt: skip
    """Carry the adjoint of a neuron back across its spike ``s``, or the release after it, ``lag`` before a block ends.

    ``series`` are those of blocks of a ``length``; ``at_spikes`` and ``at_amplitudes`` the derivatives of the loss with
    respect to times and amplitudes as far as they are known, ``counts`` the cotangents of the counts.
    """
    n, current = stored.units[s], np.float64(stored.current[s])
    tau_mem, tau_syn = np.float64(layer.tau_mem[n]), np.float64(layer.tau_syn[n])
    if wanted.tau:
        flow = long_flow(lag, 1.0 / tau_mem, 1.0 / tau_syn)
    else:
        decay_mem, decay_syn, kappa = evaluate(series, 0 if layer.shared else n, lag, length)
        flow = decay_mem, decay_syn, kappa, 0.0, 0.0
    constants, at_count = (tau_mem, np.float64(layer.threshold[n]), np.float64(layer.reset[n])), np.float64(counts[n])
    if not across_release(
        refractory, release, previous, state, n, s, releases, lag, flow, *constants, current, at_spikes, at_count,
        wanted.tau, gradient,
    ):  # fmt: skip
        at_amplitude = 0.0 if marks is None else at_amplitudes[s]
        _spike(
            state, n, lag, flow, *constants, current, at_spikes[s], at_count, wanted, gradient, marks, s,
            at_amplitude,
        )  # fmt: skip


@njit(**ALLOCATING)
def adjoint(layer, refractory, length, expanded, sample, delays, stored, release, cotangents, wanted, gradient, marks):
    """Add one sample's gradient to ``gradient``.

    Args:
        layer: see ``arguments``.
        refractory: see ``refractory``.
        length: of a block, ``arrivals.reach`` [s].
        expanded: the flow over a block, as ``series.expand`` gives it.
        sample: input events of the sample, see ``arguments``; likewise the following, but for the delays.
        delays: of the recurrent connections, by the neuron that they come from, ``[post]`` [s].
        stored: spikes of the sample.
        release: see ``refractory``.
        cotangents: of the sample.
        wanted: which gradients are wanted.
        gradient: to be added to; ``gradient.times`` is this sample's.
        marks: see ``ghosts``.
    """
    weights, recurrent, _, _, _, _, shared = layer
    times, units, count = sample
    spike_times, spike_units, _, spikes = stored
    time_cotangents, count_cotangents = cotangents
    trains_tau, wants_times, _ = wanted
    d_weights, d_tau_mem, d_tau_syn, _, _, d_delays, _, d_times = gradient
    number = weights.dtype.type
    neurons = weights.shape[1]
    inputs = weights.shape[0] - neurons if recurrent else weights.shape[0]
    rate_mem, rate_syn, series, powers = expanded
    state = np.zeros((5, neurons), number)
    flow, half = np.empty((5, neurons), number), np.empty((5, neurons), number)
    carried = 0.0

    # An arrival adds a combination of the rows of a basis: of Q and P with shared time constants, else of powers of x.
    polynomial = trains_tau or not shared
    many = powers.shape[1]
    work, polynomials = np.empty((5, neurons), number), np.zeros((3, many if polynomial else 0, neurons), number)
    moments = np.zeros((many if trains_tau else 0, neurons), number)
    basis = polynomials[0] if polynomial else state[:2]
    share, time_share = np.ones(many, number), np.zeros(many, number)
    if trains_tau:
        fill_flow(length / 2, rate_mem, rate_syn, shared, half)
    at_spikes = time_cotangents[:spikes].astype(np.float64)
    at_amplitudes = np.empty(0) if marks is None else marks.at_amplitudes[:spikes].astype(np.float64)
    arrive, rows = np.empty(count + spikes), np.empty(count + spikes, np.int64)

    # Nothing after the last spike has an effect.
    previous = previous_spikes(refractory, spike_units, spikes, neurons)
    jump_times, which = jumps(refractory, release, spike_times, spike_units, spikes)
    k = len(jump_times)
    last = np.float64(spike_times[spikes - 1]) if spikes else 0.0
    e = np.searchsorted(times[:count], spike_times.dtype.type(last), side="right") if spikes else 0
    r = spikes if recurrent else 0
    queue, sent = np.empty(r), np.empty(r, np.int64)
    send(queue, sent, 0, spike_times, spike_units, delays, 0, r)
    while r > 0 and queue[r - 1] > last:
        r -= 1
    end = (np.floor(last / length) + 1) * length
    while k > 0 or e > 0:
        latest = np.float64(jump_times[k - 1]) if k > 0 else -np.inf
        if e > 0:
            latest = max(latest, np.float64(times[e - 1]))
        if r > 0:
            latest = max(latest, queue[r - 1])
        before = end
        while end - length >= latest:
            end -= length
        if end < before:
            if before - end != carried:
                carried = before - end
                fill_flow(carried, rate_mem, rate_syn, shared, flow)
            carry(state, carried, flow, rate_mem, trains_tau)
        if trains_tau:
            _expand_all(state, half, rate_mem, rate_syn, length / 2, work, polynomials)
        elif polynomial:
            _expand(state, powers, basis)
        begin = end - length
        e_first, r_first = e, r
        while e_first > 0 and times[e_first - 1] > begin:
            e_first -= 1
        while r_first > 0 and queue[r_first - 1] > begin:
            r_first -= 1
        arrivals, _, _ = merge(
            times, units, e_first, e, queue, sent, spike_units, r_first, r, inputs, np.inf, arrive, rows
        )
        for j in range(arrivals - 1, -2, -1):
            while k > 0 and jump_times[k - 1] > (arrive[j] if j >= 0 else begin):
                k -= 1
                s, releases = spike_of(release, which, k)
                n = spike_units[s]
                one = slice(n, n + 1)
                if trains_tau:
                    _collect(moments[:, one], polynomials[:, :, one], d_tau_mem[one], d_tau_syn[one])
                cross(
                    layer, refractory, release, previous, state, series, length, stored, s, releases,
                    end - jump_times[k], at_spikes, at_amplitudes, count_cotangents, wanted, gradient, marks,
                )  # fmt: skip
                if trains_tau:
                    _expand_all(
                        state[:, one], half[:, one], rate_mem[one], rate_syn[one], length / 2, work[:, one],
                        polynomials[:, :, one],
                    )  # fmt: skip
                elif polynomial:
                    for d in range(many):
                        basis[d, n] = powers[1, d, n] * state[Q, n] + powers[2, d, n] * state[P, n]
            if j < 0:
                break
            own = rows[j] >= inputs
            source = sent[r - 1] if own else e - 1
            lag = end - arrive[j]
            if polynomial:
                x = 2.0 * lag / length - 1.0
                for d in range(1, many):
                    share[d] = share[d - 1] * x
                    time_share[d] = -2.0 * d * share[d - 1] / length
            else:
                decay_mem, share[0], share[1] = evaluate(series, 0, lag, length)
                time_share[0] = rate_syn[0] * share[0]
                time_share[1] = rate_syn[0] * share[1] - rate_mem[0] * decay_mem
            if asks_effect(marks, own, source):
                add_effect(marks, own, source, _dot_row(weights, rows[j], share, basis), at_amplitudes)
            at_time = 0.0
            if has_effect(marks, own, source):
                _add_row(d_weights, rows[j], share, basis)
                if trains_tau:
                    _add_moments(moments, weights, rows[j], share)
                if own or wants_times:
                    at_time = _dot_row(weights, rows[j], time_share, basis)
            if own:
                r -= 1
                at_spikes[source] += at_time
                d_delays[spike_units[source]] += at_time
            else:
                e -= 1
                if wants_times:
                    d_times[e] = at_time
        if trains_tau:
            _collect(moments, polynomials, d_tau_mem, d_tau_syn)
