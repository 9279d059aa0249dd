"""Times of long recordings: how finely a type of numbers resolves them, and pairs of numbers where that is too coarse.

A pair has twice the digits. Its arithmetic recovers the rounding error of every sum (Knuth 1969, The Art of Computer
Programming, vol. 2, sec. 4.2.2, theorem B). XLA does not re-associate sums.
"""

import math
import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Bool, Float, Int

MOST_STEPS = 2**30  # of a grid: steps are counted in 32 bits, also those of a segment beyond the end
_FINE, _COARSE = 1e-6, 1e-4  # [s]


def spacing(dtype: Any, duration: float) -> float:
    """How far apart the numbers of a type lie at the end of a recording [s], at most; in float32 0.1 ms at 1000 s."""
    return duration * float(jnp.finfo(dtype).eps)


def is_fine(dtype: Any, duration: float) -> bool:
    """Whether a type resolves times to a microsecond: then rounding them does not matter inside a layer."""
    return spacing(dtype, duration) <= _FINE


def warn_if_coarse(dtype: Any, duration: float) -> None:
    """Warn where a type does not resolve times to 0.1 ms, which may be too coarse for what a layer feeds."""
    if spacing(dtype, duration) > _COARSE:
        warnings.warn(
            f"{jnp.dtype(dtype)} resolves times to {spacing(dtype, duration):.2g} s by the end of {duration:g} s: a "
            "layer loses nothing by it, but what it feeds gets rounded times; call "
            'jax.config.update("jax_enable_x64", True) and use float64, or cut the recording',
            stacklevel=2,  # one place, so that Python shows it once
        )


class Time(NamedTuple):
    """Times ``high + low`` [s].

    Attributes:
        high: the nearest numbers to the times.
        low: what these leave out; None where they are fine enough.
    """

    high: Float[Array, "*shape"]
    low: Float[Array, "*shape"] | None

    def after(self, lag: Any) -> "Time":
        """Times a lag [s] later: an array of the same type, or a number of Python, of which all digits count."""
        step = as_time(lag, self.high.dtype, self.low is None)
        if self.low is None or step.low is None:
            return Time(self.high + step.high, None)
        high, left = _sum(self.high, step.high)
        return Time(*_sum(high, left + (self.low + step.low)))

    def since(self, start: "Time") -> Float[Array, "*shape"]:
        """Lags from other times on [s]."""
        lag = self.high - start.high
        return lag if self.low is None or start.low is None else lag + (self.low - start.low)

    def precedes(self, other: "Time") -> Bool[Array, "*shape"]:
        """Whether they are earlier than others."""
        earlier, same = self.high < other.high, self.high == other.high
        return earlier if self.low is None or other.low is None else earlier | same & (self.low < other.low)


def as_time(seconds: Any, dtype: Any, fine: bool) -> Time:
    """Times as they are given: an array of that type, or a number of Python, of which all digits count."""
    if isinstance(seconds, jax.Array):
        return Time(seconds, None if fine else jnp.zeros_like(seconds))
    high = np.asarray(seconds, dtype)
    low = seconds - float(high) if np.isfinite(high) else 0
    return Time(jnp.asarray(high), None if fine else jnp.asarray(low, dtype))


def where(condition: Bool[Array, "*shape"], times: Time, others: Time) -> Time:
    """``jnp.where`` for times."""
    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), times, others)


def first(times: Time, others: Time) -> Time:
    """The earlier of each two."""
    return where(times.precedes(others), times, others)


def last(times: Time, others: Time) -> Time:
    """The later of each two."""
    return where(times.precedes(others), others, times)


def grid_time(step: Int[Array, "*shape"], dt: float, dtype: Any) -> Time:
    """``step * dt`` [s] as a pair, for steps up to ``MOST_STEPS``."""
    number = step.astype(dtype)
    rest = (step - number.astype(step.dtype)).astype(dtype)
    # Factors of half the digits, whose products are exact.
    digits = jnp.finfo(dtype).nmant // 2
    a = lax.reduce_precision(number, jnp.finfo(dtype).nexp, digits)
    b = number - a
    d = _rounded(dt, digits)
    e = _rounded(dt - d, digits)
    high, left = _sum(a * d, a * e)
    high, more = _sum(high, b * d)
    return Time(*_sum(high, left + (more + (b * e + number * (dt - d - e) + rest * dt))))


def nearest_step(times: Float[Array, "*shape"], dt: float, duration: float) -> Int[Array, "*shape"]:
    """Step of the grid point ``n dt`` nearest to each time; ``MOST_STEPS`` if it is beyond, infinite or NaN.

    Args:
        times: [s].
        dt: step [s].
        duration: of the recording [s], which decides whether a quotient of two numbers will do.
    """
    step = jnp.round(times / dt)
    step = jnp.where(step < MOST_STEPS, step, MOST_STEPS).astype(jnp.int32)
    if is_fine(times.dtype, duration):
        return step
    left = as_time(times, times.dtype, False).since(grid_time(step, dt, times.dtype))
    return jnp.where(step < MOST_STEPS, step + jnp.round(left / dt).astype(jnp.int32), MOST_STEPS)


def _sum(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """The rounded sum, and what rounding took from it; no remainder at infinity."""
    total = jnp.asarray(a + b)
    part = total - a
    return total, jnp.where(jnp.isfinite(total), (a - (total - part)) + (b - part), 0)


def _rounded(x: float, digits: int) -> float:
    """Rounded to a number of binary digits after the first."""
    mantissa, exponent = math.frexp(x)
    return math.ldexp(round(math.ldexp(mantissa, digits + 1)), exponent - digits - 1)
