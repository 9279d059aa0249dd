"""Backward kernel: the exact adjoint of one layer, over the stored spikes in reverse order.

``p`` and ``q`` are the derivatives of the loss with respect to each neuron's voltage and current (EventProp's adjoints
are ``lambda_v = -p/tau_mem`` and ``lambda_i = -q/tau_syn``). They are kept as of the end of a block: their values at an
event inside it follow in closed form, and the jump at a spike is carried forward to the end of the block, so that an
event touches only the rows it needs.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, table 2; delayed transmission as in Meszaros et al. 2025, Nat.
Commun. 16 (s41467-025-65394-8), eqs. 67-70. The gradients of the time constants, integrals of lambda_v dv/dt and of
lambda_i di/dt, use three more adjoint variables (``mu``, ``a_i``, ``a_v``) instead of a stored trajectory: they are
linear in the jumps of the current, so they are sampled at the arrivals too.
"""

import numpy as np
from numba import njit

from .arrivals import arrival_time, merge
from .flow import OPTIONS, SHORT, fill_flow, long_flow, short_flow

TINY = 1e-30  # adjoints below are set to zero: denormal numbers are a hundred times slower


@njit(**OPTIONS)
def _flushed(x, tiny):
    return x if abs(x) > tiny else type(x)(0)


@njit(**OPTIONS)
def _rebase(adjoint, lag, rate_mem, rate_syn, shared, trains_tau, flow):
    """Carry the adjoint variables of all neurons back over any lag without events."""
    p, q, mu, a_i, a_v = adjoint
    number = p.dtype.type
    tiny, lag_ = number(TINY), number(lag)
    if shared and not trains_tau:
        first = long_flow(lag, np.float64(rate_mem[0]), np.float64(rate_syn[0]))
        m, s, kk = number(first[0]), number(first[1]), number(first[2])
        for n in range(len(p)):
            q[n] = _flushed(s * q[n] + kk * p[n], tiny)
            p[n] = _flushed(m * p[n], tiny)
        return
    fill_flow(lag, rate_mem, rate_syn, shared, flow)
    decay_mem, decay_syn, k, c_mu, c_a = flow
    if trains_tau:
        for n in range(len(p)):
            a_i[n] = _flushed(decay_syn[n] * a_i[n] + k[n] * a_v[n] + c_a[n] * p[n], tiny)
            a_v[n] = _flushed(decay_mem[n] * (a_v[n] - p[n] * lag_ * rate_mem[n]), tiny)
            mu[n] = _flushed(decay_syn[n] * (mu[n] + lag_ * q[n]) + c_mu[n] * p[n], tiny)
    for n in range(len(p)):
        q[n] = _flushed(decay_syn[n] * q[n] + k[n] * p[n], tiny)
        p[n] = _flushed(decay_mem[n] * p[n], tiny)


@njit(**OPTIONS)
def _sample(adjoint, lag, rate_mem, rate_syn, shared, trains_tau, sampled):
    """What arrivals at ``lag`` before the end of the block need of each neuron.

    Fills ``sampled``: dL/dw of an arrival; dL/d(arrival time), dL/dtau_mem and dL/dtau_syn per unit of its weight.
    """
    p, q, mu, a_i, a_v = adjoint
    per_weight, per_time, per_tau_mem, per_tau_syn = sampled
    lag = p.dtype.type(lag)
    flow = short_flow(lag, rate_mem[0], rate_syn[0])
    for n in range(len(p)):
        decay_mem, decay_syn, k, c_mu, c_a = flow if shared else short_flow(lag, rate_mem[n], rate_syn[n])
        at_current = decay_syn * q[n] + k * p[n]
        per_weight[n] = at_current
        per_time[n] = rate_syn[n] * at_current - rate_mem[n] * decay_mem * p[n]
        if trains_tau:
            per_tau_mem[n] = -rate_mem[n] * (decay_syn * a_i[n] + k * a_v[n] + c_a * p[n])
            per_tau_syn[n] = rate_syn[n] * rate_syn[n] * (decay_syn * (mu[n] + lag * q[n]) + c_mu * p[n])


@njit(**OPTIONS)
def _add_scaled(target, a, x, b, y):
    """Target += a x + b y."""
    for n in range(len(x)):
        target[n] += a * x[n] + b * y[n]


@njit(**OPTIONS)
def _add_product(target, x, y):
    for n in range(len(x)):
        target[n] += x[n] * y[n]


@njit(**OPTIONS)
def _dot(x, y):
    total = x.dtype.type(0)
    for n in range(len(x)):
        total += x[n] * y[n]
    return total


@njit(**OPTIONS)
def _spike(adjoint, n, lag, tau_mem, tau_syn, threshold, reset, current, at_time, at_count, gradient):
    """Carry the adjoint of neuron ``n`` back across its own spike, ``lag`` before the end of the block.

    With dv/dt before the spike (current - threshold)/tau_mem and after it (current - reset)/tau_mem, and X the
    derivative of the loss with respect to the spike time: p_before = ((current - reset) p_after - tau_mem X) /
    (current - threshold). The new values are then carried forward to the end of the block as if there were no spike.
    """
    p, q, mu, a_i, a_v = adjoint
    number = p.dtype.type
    _, d_tau_mem, _, d_threshold, d_reset, _ = gradient
    decay_mem, decay_syn, k, c_mu, c_a = long_flow(lag, 1.0 / tau_mem, 1.0 / tau_syn)
    x = lag / tau_mem
    p_end, q_end = np.float64(p[n]), np.float64(q[n])
    p_after, at_current = decay_mem * p_end, decay_syn * q_end + k * p_end
    at_voltage = decay_mem * (a_v[n] - p_end * x)
    at_a_i = decay_syn * a_i[n] + k * a_v[n] + c_a * p_end
    at_mu = decay_syn * (mu[n] + lag * q_end) + c_mu * p_end

    rises_by = max(current - threshold, threshold * np.finfo(p.dtype).eps)  # > 0 but for rounding
    p_before = ((current - reset) * p_after - tau_mem * at_time) / rises_by
    d_threshold[n] += number(-p_before)
    d_reset[n] += number(p_after)
    d_tau_mem[n] += number(-reset * at_voltage / tau_mem)
    p_before += at_count / threshold  # the heuristic gradient of the spike count: v(t_k) / threshold, v taken as free

    p_end = p_before / decay_mem
    q_end = (at_current - k * p_end) / decay_syn
    a_v_end = p_end * x
    p[n], q[n], a_v[n] = p_end, q_end, a_v_end
    a_i[n] = (at_a_i - k * a_v_end - c_a * p_end) / decay_syn
    mu[n] = (at_mu - c_mu * p_end) / decay_syn - lag * q_end


@njit(**OPTIONS)
def adjoint(
    weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, times, units, count, delay,
    spike_times, spike_units, spike_current, spikes, at_times, at_counts, trains_tau, wants_times, gradient,
):  # fmt: skip
    """Add one sample's gradient to ``gradient``.

    Args:
        weights: as given to ``forward.simulate``.
        recurrent: likewise.
        tau_mem: likewise.
        tau_syn: likewise.
        threshold: likewise.
        reset: likewise.
        shared: likewise.
        times: likewise.
        units: likewise.
        count: likewise.
        delay: likewise.
        spike_times: as it filled them.
        spike_units: likewise.
        spike_current: likewise.
        spikes: their number.
        at_times: derivative of the loss with respect to each spike time, ``[capacity]``.
        at_counts: the same for the spike count of each neuron, ``[post]`` (a heuristic, see ``_spike``).
        trains_tau: whether gradients of the time constants are wanted.
        wants_times: whether gradients of the input times are wanted.
        gradient: ``(weights, tau_mem, tau_syn, threshold, reset, times)`` to be added to; the last is this sample's.
    """
    d_weights, d_tau_mem, d_tau_syn, d_threshold, d_reset, d_times = gradient
    number = weights.dtype.type
    neurons = weights.shape[1]
    inputs = weights.shape[0] - neurons if recurrent else weights.shape[0]
    rate_mem, rate_syn = number(1) / tau_mem, number(1) / tau_syn
    longest = SHORT * np.float64(min(tau_mem.min(), tau_syn.min()))
    m, s = np.float64(rate_mem[0]), np.float64(rate_syn[0])
    variables = np.zeros((5, neurons), number)
    state = (variables[0], variables[1], variables[2], variables[3], variables[4])
    samples = np.zeros((4, neurons), number)
    flows = np.empty((5, neurons), number)
    flow = (flows[0], flows[1], flows[2], flows[3], flows[4])
    sampled = (samples[0], samples[1], samples[2], samples[3])
    at_spikes = at_times[:spikes].astype(np.float64)
    arrive, rows = np.empty(count + spikes), np.empty(count + spikes, np.int64)

    # Nothing after the last spike has an effect.
    k = spikes
    end = np.float64(spike_times[spikes - 1]) if spikes else 0.0
    e = np.searchsorted(times[:count], number(end), side="right") if spikes else 0
    r = spikes if recurrent else 0
    while r > 0 and arrival_time(spike_times, r - 1, delay) > end:
        r -= 1
    while k > 0 or e > 0:
        latest = np.float64(spike_times[k - 1]) if k > 0 else -np.inf
        if e > 0:
            latest = max(latest, np.float64(times[e - 1]))
        if r > 0:
            latest = max(latest, np.float64(arrival_time(spike_times, r - 1, delay)))
        if latest < end:
            _rebase(state, end - latest, rate_mem, rate_syn, shared, trains_tau, flow)
            end = latest
        begin = end - longest
        e_first, r_first = e, r
        while e_first > 0 and times[e_first - 1] > begin:
            e_first -= 1
        while r_first > 0 and arrival_time(spike_times, r_first - 1, delay) > begin:
            r_first -= 1
        arrivals, _, _ = merge(
            times, units, e_first, e, spike_times, spike_units, r_first, r, inputs, delay, np.inf, arrive, rows
        )
        sampled_at = np.nan
        for j in range(arrivals - 1, -2, -1):
            while k > 0 and spike_times[k - 1] > (arrive[j] if j >= 0 else begin):
                k -= 1
                n = spike_units[k]
                _spike(
                    state, n, end - spike_times[k], np.float64(tau_mem[n]), np.float64(tau_syn[n]),
                    np.float64(threshold[n]), np.float64(reset[n]), np.float64(spike_current[k]), at_spikes[k],
                    np.float64(at_counts[n]), gradient,
                )  # fmt: skip
                sampled_at = np.nan
            if j < 0:
                break
            row, target, lag = weights[rows[j]], d_weights[rows[j]], end - arrive[j]
            own = rows[j] >= inputs
            at_time = 0.0
            if shared and not trains_tau:  # the adjoints of all neurons go with the same two factors
                decay_mem, decay_syn, kk, _, _ = short_flow(lag, m, s)
                _add_scaled(target, number(decay_syn), state[1], number(kk), state[0])
                if own or wants_times:
                    at_time = s * decay_syn * _dot(row, state[1]) + (s * kk - m * decay_mem) * _dot(row, state[0])
            else:
                if arrive[j] != sampled_at:
                    sampled_at = arrive[j]
                    _sample(state, lag, rate_mem, rate_syn, shared, trains_tau, sampled)
                _add_scaled(target, number(1), sampled[0], number(0), sampled[0])
                if own or wants_times:
                    at_time = _dot(row, sampled[1])
                if trains_tau:
                    _add_product(d_tau_mem, row, sampled[2])
                    _add_product(d_tau_syn, row, sampled[3])
            if own:
                r -= 1
                at_spikes[r] += at_time
            else:
                e -= 1
                if wants_times:
                    d_times[e] = at_time
