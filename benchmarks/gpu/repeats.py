"""Whether a gradient is the same each time, and how fast many threads add numbers to one array."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.measuring.timing import summary, time_calls

from .config import Config
from .gradients import gradient, lines, size_of

_CALLS = 5
_PLACES, _NUMBERS = 1 << 18, 1 << 26  # as many places as a gradient of 256 neurons has, roughly


def repeated(config: Config) -> list[dict[str, Any]]:
    """A row for each line: whether all calls gave the same gradient to the last bit, and how far they are apart."""
    rows = []
    for line in lines():
        made = gradient(line, size_of(config.hidden, config.batch_size))
        call = jax.jit(made.functions.gradient)
        first, *others = ([np.asarray(x) for x in jax.tree.leaves(call(*made.arguments))] for _ in range(_CALLS))
        apart = [np.abs(x - y).max() / np.abs(x).max() for other in others for x, y in zip(first, other, strict=True)
                 if np.any(x)]  # fmt: skip
        rows.append({"line": line, "calls": _CALLS, "same": not any(apart), "apart": float(max(apart, default=0.0))})
    return rows


def atomics(config: Config) -> list[dict[str, Any]]:
    """A row for each type: additions a second to random places of one array."""
    places = jax.random.randint(jax.random.key(config.seed), (_NUMBERS,), 0, _PLACES)
    rows = []
    for dtype in (jnp.float32, jnp.int32):
        add = jax.jit(lambda at, dtype=dtype: jnp.zeros(_PLACES, dtype).at[at].add(jnp.ones((), dtype)))
        seconds = summary(time_calls(add, places, repeats=config.repeats))["median"]
        rows.append({"dtype": jnp.dtype(dtype).name, "additions_per_second": _NUMBERS / seconds})
    return rows
