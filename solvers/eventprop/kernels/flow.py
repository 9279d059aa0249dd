"""Scalar closed forms of the LIF flow and its threshold crossing; the compiled twins of ``solvers.lif``."""

import math

import numpy as np
from numba import njit

# Contraction to fused multiply-add and re-association (vectorised sums) are allowed; infinities and NaN stay exact.
OPTIONS = dict(nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")

# Lags up to this fraction of the shortest time constant go through the series below: 0.2**12 / 12! < 1e-17.
SHORT = 0.2


@njit(**OPTIONS)
def decay(x):
    """``exp(-x)`` for 0 <= x <= SHORT: a polynomial, so that loops over it vectorise."""
    number = type(x)
    y = number(1)
    for k in range(11, 0, -1):
        y = number(1) - x * y * number(1 / k)
    return y


@njit(**OPTIONS)
def phi2(z):
    """``(exp(-z) - 1 + z) / z**2`` for |z| <= SHORT."""
    number = type(z)
    y = number(1)
    for k in range(12, 2, -1):
        y = number(1) - z * y * number(1 / k)
    return y * number(0.5)


@njit(**OPTIONS)
def _coefficients(lag, rate_mem, decay_mem, decay_syn, e1, e2):
    x = lag * rate_mem
    k = x * e1
    return decay_mem, decay_syn, k, lag * x * (e1 - e2), k - x * x * e2


@njit(**OPTIONS)
def short_flow(lag, rate_mem, rate_syn):
    """Coefficients of the forward and adjoint flow over a lag of at most SHORT time constants.

    Returns:
        ``(exp(-lag/tau_mem), exp(-lag/tau_syn), kappa(lag), c_mu, c_a)``; the last two carry the voltage adjoint into
        the accumulators of the time-constant gradients (see ``backward``).
    """
    z = lag * (rate_syn - rate_mem)
    p2 = phi2(z)
    p1 = type(lag)(1) - z * p2  # (1 - exp(-z)) / z
    decay_mem = decay(lag * rate_mem)
    return _coefficients(lag, rate_mem, decay_mem, decay_mem * (type(lag)(1) - z * p1), decay_mem * p1, decay_mem * p2)


@njit(**OPTIONS)
def long_flow(lag, rate_mem, rate_syn):
    """As ``short_flow`` for any lag, in double precision."""
    z = lag * (rate_syn - rate_mem)
    decay_mem = math.exp(-lag * rate_mem)
    decay_syn = math.exp(-lag * rate_syn)
    if abs(z) <= SHORT:
        p2 = phi2(z)
        e1, e2 = decay_mem * (1.0 - z * p2), decay_mem * p2
    else:  # from the slower exponential, which cannot overflow
        e1 = max(decay_mem, decay_syn) * -math.expm1(-abs(z)) / abs(z)
        e2 = (decay_syn - decay_mem + z * decay_mem) / (z * z)
    return _coefficients(lag, rate_mem, decay_mem, decay_syn, e1, e2)


@njit(**OPTIONS)
def fill_flow(lag, rate_mem, rate_syn, shared, out):
    """Coefficients of ``long_flow`` for every neuron, into five arrays; any lag."""
    decay_mem, decay_syn, k, c_mu, c_a = out
    number = k.dtype.type
    if shared:
        flow = long_flow(lag, np.float64(rate_mem[0]), np.float64(rate_syn[0]))
        for n in range(len(k)):
            decay_mem[n], decay_syn[n], k[n] = number(flow[0]), number(flow[1]), number(flow[2])
            c_mu[n], c_a[n] = number(flow[3]), number(flow[4])
    elif lag * max(rate_mem.max(), rate_syn.max()) <= SHORT:
        short = number(lag)
        for n in range(len(k)):
            decay_mem[n], decay_syn[n], k[n], c_mu[n], c_a[n] = short_flow(short, rate_mem[n], rate_syn[n])
    else:
        for n in range(len(k)):
            flow = long_flow(lag, np.float64(rate_mem[n]), np.float64(rate_syn[n]))
            decay_mem[n], decay_syn[n], k[n] = number(flow[0]), number(flow[1]), number(flow[2])
            c_mu[n], c_a[n] = number(flow[3]), number(flow[4])


@njit(**OPTIONS)
def voltage(v, i, lag, tau_mem, tau_syn):
    """Voltage and current after a lag, in double precision."""
    rate_mem, rate_syn = 1.0 / tau_mem, 1.0 / tau_syn
    if lag * max(rate_mem, rate_syn) <= SHORT:
        decay_mem, decay_syn, k, _, _ = short_flow(lag, rate_mem, rate_syn)
    else:
        decay_mem, decay_syn, k, _, _ = long_flow(lag, rate_mem, rate_syn)
    return v * decay_mem + i * k, i * decay_syn


@njit(**OPTIONS)
def time_of_maximum(v, i, tau_mem, tau_syn):
    """Lag of the maximum of a rising voltage with ``i > v`` and ``i > 0``; infinity if there is none."""
    a = tau_mem / tau_syn - 1.0
    ratio = v / i
    if 1.0 + a * ratio <= 0.0:
        return np.inf
    scale = (1.0 - ratio) / (1.0 + a * ratio)
    x = a * scale
    return tau_mem * scale * (1.0 - x / 2 if abs(x) < 1e-7 else math.log1p(x) / x)


@njit(**OPTIONS)
def crossing(v, i, within, tau_mem, tau_syn, threshold):
    """Lag to the first upward threshold crossing no later than ``within``; infinity if there is none.

    A crossing needs ``i > threshold`` now. A voltage at or above the threshold (by rounding) crosses now if it rises.
    """
    v_end, i_end = voltage(v, i, within, tau_mem, tau_syn)
    return crossing_before(v, i, within, v_end, i_end, tau_mem, tau_syn, threshold)


@njit(**OPTIONS)
def crossing_before(v, i, within, v_end, i_end, tau_mem, tau_syn, threshold):
    """As ``crossing``, given voltage and current at ``within``, where most calls end."""
    if i <= threshold:
        return np.inf
    if v >= threshold:
        return 0.0
    high = within
    if v_end < threshold:
        if i_end >= v_end:  # still rising: the maximum is not before the end
            return np.inf
        high = min(within, time_of_maximum(v, i, tau_mem, tau_syn))
        if voltage(v, i, high, tau_mem, tau_syn)[0] < threshold:
            return np.inf
    # Newton's method on a concave rising function goes to the root monotonically from the left; from the right it
    # first jumps to the left. It starts at the root of the parabola in the state now, or at 0 should that lie past the
    # maximum.
    slope = (i - v) / tau_mem
    bend = (i / tau_syn + slope) / tau_mem  # minus the second derivative
    missing = threshold - v
    root = slope * slope - 2.0 * bend * missing
    lag = min(high, 2.0 * missing / (slope + math.sqrt(root))) if root > 0.0 else 0.0
    from_left = lag == 0.0
    for _ in range(100):
        v_lag, i_lag = voltage(v, i, lag, tau_mem, tau_syn)
        slope = (i_lag - v_lag) / tau_mem
        if slope <= 0.0 or (from_left and v_lag >= threshold):
            if from_left or v_lag <= threshold:  # at the crossing, or at the maximum that is it, but for rounding
                break
            lag, from_left = 0.0, True
            continue
        before = lag
        lag = min(max(lag + (threshold - v_lag) / slope, 0.0), high)
        from_left = True
        if abs(lag - before) <= 1e-16 * (lag + tau_mem):
            break
    return lag
