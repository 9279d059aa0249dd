"""Taylor series of the flow in the lag, within a stretch of time that is short against the time constants.

They replace exponentials by a few multiplications, and let all arrivals of a stretch be summed with the powers of
their lags as factors, whatever the time constants of the neurons.
"""

import numpy as np
from numba import njit

from .flow import OPTIONS, SHORT, long_flow


@njit(**OPTIONS)
def terms(precision, reach):
    """Number of terms of ``exp(x)`` for ``|x| <= reach`` after which the next one is below the precision."""
    count, size = 1, reach
    while size > precision:
        count += 1
        size *= reach / count
    return count


@njit(**OPTIONS)
def fill_series(about, scale, rate_mem, rate_syn, out):
    """Coefficients of ``exp(-lag/tau_mem)``, ``exp(-lag/tau_syn)`` and ``kappa(lag)`` in ``(lag - about)/scale``.

    ``out`` is ``[neurons, terms, 3]``. The flow solves a linear differential equation, which gives each coefficient
    from the one before it.
    """
    for n in range(len(out)):
        per_mem, per_syn = scale * np.float64(rate_mem[n]), scale * np.float64(rate_syn[n])
        decay_mem, decay_syn, k, _, _ = long_flow(about, np.float64(rate_mem[n]), np.float64(rate_syn[n]))
        for d in range(out.shape[1]):
            out[n, d, 0], out[n, d, 1], out[n, d, 2] = decay_mem, decay_syn, k
            k = per_mem * (decay_syn - k) / (d + 1)
            decay_mem, decay_syn = -per_mem * decay_mem / (d + 1), -per_syn * decay_syn / (d + 1)


@njit(**OPTIONS)
def by_power(series):
    """The same numbers as ``[3, terms, neurons]``, for loops over neurons."""
    return np.ascontiguousarray(series.transpose(2, 1, 0))


@njit(**OPTIONS)
def expand(tau_mem, tau_syn, length, shared):
    """The flow of each neuron over stretches of at most ``length``; of one neuron if the time constants are shared.

    Returns:
        ``(rate_mem, rate_syn, middle, powers, start)``: the inverse time constants [1/s]; the series about the middle
        of a stretch with scale ``length/2``, in the precision of the constants, and the same ``by_power``; the series
        about lag zero with scale ``length``, in double precision.
    """
    number = tau_mem.dtype.type
    eps = np.finfo(tau_mem.dtype).eps
    rate_mem, rate_syn = number(1) / tau_mem, number(1) / tau_syn
    width = 1 if shared else len(tau_mem)
    middle = np.empty((width, terms(eps, SHORT / 2), 3), number)
    fill_series(length / 2, length / 2, rate_mem, rate_syn, middle)
    start = np.empty((width, terms(eps / 100, SHORT), 3))
    fill_series(0.0, length, rate_mem, rate_syn, start)
    return rate_mem, rate_syn, middle, by_power(middle), start


@njit(inline="always", **OPTIONS)
def evaluate(series, n, x):
    """``(exp(-lag/tau_mem), exp(-lag/tau_syn), kappa(lag))`` of neuron ``n`` at ``x = (lag - about)/scale``."""
    last = series.shape[1] - 1
    decay_mem, decay_syn, k = series[n, last, 0], series[n, last, 1], series[n, last, 2]
    for d in range(last - 1, -1, -1):
        decay_mem = decay_mem * x + series[n, d, 0]
        decay_syn = decay_syn * x + series[n, d, 1]
        k = k * x + series[n, d, 2]
    return decay_mem, decay_syn, k
