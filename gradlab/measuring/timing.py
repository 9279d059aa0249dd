"""Wall-clock time of calls: compiled beforehand, waited for, every sample kept."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np


def time_calls(function: Callable[..., Any], *args: Any, repeats: int, warmup: int = 1) -> list[float]:
    """Seconds that each of several equal calls takes until its result is there.

    Args:
        function: what to call.
        *args: its arguments; made ready before the clock starts.
        repeats: number of timed calls, >= 1.
        warmup: number of calls before them that are not timed; the first compiles.

    Returns:
        One figure a timed call [s], in order.

    Raises:
        ValueError: for fewer than one repeat or a negative warm-up.
    """
    if repeats < 1 or warmup < 0:
        raise ValueError(f"repeats is {repeats} and warmup {warmup}, expected at least 1 and at least 0")
    jax.block_until_ready(args)
    for _ in range(warmup):
        jax.block_until_ready(function(*args))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function(*args))
        seconds.append(time.perf_counter() - start)
    return seconds


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Robust summary of samples of a time; its unit is theirs.

    Args:
        samples: at least one figure.

    Returns:
        ``median``, the quartiles ``q25`` and ``q75``, and ``minimum``.

    Raises:
        ValueError: without samples.
    """
    if len(samples) == 0:
        raise ValueError("no samples to summarise: time at least one call")
    q25, median, q75 = np.quantile(np.asarray(samples, np.float64), (0.25, 0.5, 0.75))
    return {"median": float(median), "q25": float(q25), "q75": float(q75), "minimum": float(np.min(samples))}
