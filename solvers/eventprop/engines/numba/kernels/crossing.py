"""The next threshold crossing of one neuron within a stretch of time without arrivals."""

import math

import numpy as np
from numba import njit

from .flow import INLINE
from .series import evaluate


@njit(**INLINE)
def time_of_maximum(v, i, tau_mem, tau_syn):
    """Lag of the maximum of a rising voltage with ``i > v`` and ``i > 0``; infinity if there is none."""
    a = tau_mem / tau_syn - 1.0
    ratio = v / i
    if 1.0 + a * ratio <= 0.0:
        return np.inf
    scale = (1.0 - ratio) / (1.0 + a * ratio)
    x = a * scale
    return tau_mem * scale * (1.0 - x / 2 if abs(x) < 1e-7 else math.log1p(x) / x)


@njit(**INLINE)
def voltage(v, i, lag, series, column, length):
    """Voltage and current after a lag within the length of the series, in double precision."""
    decay_mem, decay_syn, k = evaluate(series, column, lag, length)
    return v * decay_mem + i * k, i * decay_syn


@njit(**INLINE)
def crossing(v, i, within, v_end, i_end, tau_mem, tau_syn, threshold, series, column, length, precision):
    """Lag to the first upward threshold crossing no later than ``within``; infinity if there is none.

    A crossing needs ``i > threshold`` now. A voltage at or above the threshold (by rounding) crosses now if it rises.

    Args:
        v: voltage now.
        i: current now.
        within: end of the stretch [s], at most ``length``.
        v_end: voltage at ``within``, where most calls end.
        i_end: current at ``within``.
        tau_mem: [s].
        tau_syn: [s].
        threshold: [voltage].
        series: of ``flow_series``.
        column: of the neuron in the series.
        length: of the series [s].
        precision: of the result, as a part of tau_mem.
    """
    if i <= threshold:
        return np.inf
    if v >= threshold:
        return 0.0
    high = within
    if v_end < threshold:
        if i_end >= v_end:  # still rising: the maximum is not before the end
            return np.inf
        high = min(within, time_of_maximum(v, i, tau_mem, tau_syn))
        if voltage(v, i, high, series, column, length)[0] < threshold:
            return np.inf
    # Newton's method on a concave rising function goes to the root monotonically from the left; from the right it
    # first jumps to the left. It starts at the root of the parabola in the state now, or at 0 should that lie past the
    # maximum. Lags and slopes are in units of tau_mem.
    slope = i - v
    bend = i * (tau_mem / tau_syn) + slope  # minus the second derivative
    missing = threshold - v
    root = slope * slope - 2.0 * bend * missing
    high /= tau_mem
    lag = min(high, 2.0 * missing / (slope + math.sqrt(root))) if root > 0.0 else 0.0
    from_left = lag == 0.0
    for _ in range(100):
        v_lag, i_lag = voltage(v, i, lag * tau_mem, series, column, length)
        slope = i_lag - v_lag
        if slope <= 0.0 or (from_left and v_lag >= threshold):
            if from_left or v_lag <= threshold:  # at the crossing, or at the maximum that is it, but for rounding
                break
            lag, from_left = 0.0, True
            continue
        before = lag
        lag = min(max(lag + (threshold - v_lag) / slope, 0.0), high)
        step, from_left = lag - before, True
        if bend * step * step <= precision * slope:  # what the next iteration would change
            break
    return lag * tau_mem
