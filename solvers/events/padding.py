"""Ragged samples as padded arrays."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..own_rules import own_rules
from .spikes import NO_UNIT, Events


@own_rules()
def pad_events(samples: Sequence[tuple[Any, Any]], capacity: int | None = None, dtype: Any = None) -> Events:
    """A batch from ragged samples, each sorted by time (stable, so ties keep their order).

    Args:
        samples: ``(times [s], units)`` of each sample, arrays or lists.
        capacity: room for events in each sample; by default that of the longest.
        dtype: floating-point type of the times; by default JAX's.

    Raises:
        ValueError: if a sample's times and units differ in length, a time is not finite, a unit is not a whole number
            that 32 bits hold, or a sample does not fit.
    """
    longest = max((len(times) for times, _ in samples), default=0)
    capacity = longest if capacity is None else capacity
    if longest > capacity:
        raise ValueError(f"a sample has {longest} events, but capacity is {capacity}: raise the capacity")
    dtype = jax.dtypes.canonicalize_dtype(float) if dtype is None else dtype
    all_times = np.full((len(samples), capacity), np.inf, dtype)
    all_units = np.full((len(samples), capacity), NO_UNIT, np.int32)
    for row, (times, units) in enumerate(samples):
        if len(times) != len(units):
            raise ValueError(f"sample {row} has {len(times)} times but {len(units)} units: give one unit for each time")
        if not np.all(np.isfinite(times)):
            raise ValueError(f"sample {row} has a time that is not finite: remove it")
        with np.errstate(invalid="ignore"):
            whole = np.asarray(units).astype(np.int32)
        if not np.array_equal(whole, units):
            raise ValueError(f"sample {row} has a unit that is no index: give whole numbers from 0 on")
        order = np.argsort(times, kind="stable")
        all_times[row, : len(times)] = np.asarray(times, dtype)[order]
        all_units[row, : len(times)] = whole[order]
    count = np.array([len(times) for times, _ in samples], np.int32)
    return Events(jnp.asarray(all_times), jnp.asarray(all_units), jnp.asarray(count))
