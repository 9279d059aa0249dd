"""Scalar closed forms of the LIF flow and its threshold crossing; the compiled twins of ``solvers.neurons.lif``."""

import math

import numpy as np
from numba import njit

# Contraction to fused multiply-add and re-association (vectorised sums) are allowed; infinities and NaN stay exact.
ALLOCATING = dict(nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
# Functions that make no arrays need no reference counts, whose atomic instructions take a tenth of the time.
OPTIONS = ALLOCATING | dict(_nrt=False)
# For small functions, of which a call costs more than they do.
INLINE = OPTIONS | dict(forceinline=True)
# For those that are to stay apart, see ``vectors.no_overlap``; others do as the function that calls them.
APART = OPTIONS | dict(forceinline=False)

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


@njit(**ALLOCATING)
def fill_flow(lag, rate_mem, rate_syn, shared, out):
    """Coefficients of ``long_flow`` for every neuron, ``[5, neurons]``; any lag."""
    number = out.dtype.type
    if shared:
        flow = long_flow(lag, np.float64(rate_mem[0]), np.float64(rate_syn[0]))
        for k in range(5):
            out[k] = number(flow[k])
    elif lag * max(rate_mem.max(), rate_syn.max()) <= SHORT:
        short = number(lag)
        for n in range(out.shape[1]):
            out[0, n], out[1, n], out[2, n], out[3, n], out[4, n] = short_flow(short, rate_mem[n], rate_syn[n])
    else:
        for n in range(out.shape[1]):
            flow = long_flow(lag, np.float64(rate_mem[n]), np.float64(rate_syn[n]))
            for k in range(5):
                out[k, n] = number(flow[k])
