"""Power series of the flow in the lag, within a stretch of time that is short against the time constants.

They replace exponentials by a few multiplications, and let all arrivals of a stretch be summed with the powers of
their lags as factors, whatever the time constants of the neurons. They are Taylor series about the middle of the
stretch, economised: the last term is replaced by lower ones by means of the Chebyshev polynomial of its degree, which
spreads the error over the stretch and halves it for each degree (Lanczos 1938, J. Math. Phys. 17:123).

Loops take the place of operations on arrays, which numba compiles for several seconds each.
"""

import numpy as np
from numba import njit

from .flow import ALLOCATING, INLINE, OPTIONS, SHORT, long_flow


@njit(**OPTIONS)
def terms(precision, reach):
    """Number of terms of an economised series of ``exp(x)``, ``|x| <= reach``, for an error below the precision."""
    count, error = 1, reach
    while error > precision:
        count += 1
        error *= reach / (2 * count)
    return count


@njit(**ALLOCATING)
def _chebyshev(degree):
    """Coefficients of the Chebyshev polynomial of a degree of one or more, from that of the constant on."""
    before, last = np.zeros(degree + 1), np.zeros(degree + 1)
    before[0], last[1] = 1, 1
    for _ in range(1, degree):
        before[0] = -before[0]
        for d in range(1, degree + 1):
            before[d] = 2 * last[d - 1] - before[d]
        before, last = last, before
    return last


@njit(**ALLOCATING)
def flow_series(length, rate_mem, rate_syn, count):
    """Coefficients of ``exp(-lag/tau_mem)``, ``exp(-lag/tau_syn)`` and ``kappa(lag)`` in ``x = 2 lag/length - 1``.

    The flow solves a linear differential equation, which gives each coefficient of the Taylor series from the one
    before it.

    Args:
        length: of the stretch [s].
        rate_mem: ``[neurons]``, inverse time constants [1/s].
        rate_syn: likewise.
        count: number of terms.

    Returns:
        ``[neurons, terms, 3]`` in double precision.
    """
    series, chebyshev = np.empty((len(rate_mem), count, 3)), _chebyshev(count)
    for n in range(len(series)):
        mem, syn = np.float64(rate_mem[n]), np.float64(rate_syn[n])
        decay_mem, decay_syn, k, _, _ = long_flow(length / 2, mem, syn)
        for d in range(count):
            series[n, d, 0], series[n, d, 1], series[n, d, 2] = decay_mem, decay_syn, k
            scale = length / (2 * (d + 1))
            k = scale * mem * (decay_syn - k)
            decay_mem, decay_syn = -scale * mem * decay_mem, -scale * syn * decay_syn
        for d in range(count):
            lower = chebyshev[d] / chebyshev[count]
            series[n, d, 0] -= decay_mem * lower
            series[n, d, 1] -= decay_syn * lower
            series[n, d, 2] -= k * lower
    return series


@njit(**ALLOCATING)
def expand(tau_mem, tau_syn, length, shared):
    """The flow of each neuron over stretches of at most ``length``; of one neuron if the time constants are shared.

    Errors are units in the last place of the constants, 5e-7 in single precision (2e-6 of ``kappa`` with equal time
    constants): less than rounding over a few stretches, but not to be repeated in each.

    Returns:
        ``(rate_mem, rate_syn, series, powers)``: the inverse time constants [1/s]; the ``flow_series`` with a multiple
        of four terms; the same in the precision of the constants as ``[3, terms, neurons]``, for loops over neurons.
    """
    number = tau_mem.dtype.type
    rate_mem, rate_syn = np.empty_like(tau_mem), np.empty_like(tau_syn)
    for n in range(len(tau_mem)):
        rate_mem[n], rate_syn[n] = number(1) / tau_mem[n], number(1) / tau_syn[n]
    width = 1 if shared else len(tau_mem)
    count = terms(8 * np.finfo(tau_mem.dtype).eps, SHORT / 2)
    series = flow_series(length, rate_mem[:width], rate_syn[:width], -(-count // 4) * 4)
    powers = np.empty((3, series.shape[1], width), tau_mem.dtype)
    for n in range(width):
        for d in range(series.shape[1]):
            for k in range(3):
                powers[k, d, n] = series[n, d, k]
    return rate_mem, rate_syn, series, powers


@njit(**INLINE)
def evaluate(series, n, lag, length):
    """``(exp(-lag/tau_mem), exp(-lag/tau_syn), kappa(lag))`` of neuron ``n`` from its ``flow_series``."""
    x = lag * (2.0 / length) - 1.0
    one = np.uint64(1)  # indices without a sign need no test for one
    d = np.uint64(series.shape[1]) - one
    decay_mem, decay_syn, k = series[n, d, 0], series[n, d, 1], series[n, d, 2]
    while d > 0:
        d -= one
        decay_mem = decay_mem * x + series[n, d, 0]
        decay_syn = decay_syn * x + series[n, d, 1]
        k = k * x + series[n, d, 2]
    return decay_mem, decay_syn, k
