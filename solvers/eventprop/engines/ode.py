"""Engine for any neuron: ``solvers.reference.ode``, differentiated by JAX. Exact, and slower by orders of magnitude.

The backward pass simulates each sample again, so that between the passes no more is kept than by the other engines.
Samples are simulated one by one, also under ``vmap``: that would compute both branches of each condition, and diffrax
raises in the one not taken.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jaxtyping import Array, Float

from ...events import Events
from ...neurons import neuron_of
from .base import Kept

neurons = None  # all of them
delays = ()
dtypes = "float32", "float64"


def _require_whole() -> None:
    """Refuse a part of a batch on one of several devices: diffrax compares types of arrays that differ there."""
    if jax.sharding.get_abstract_mesh().manual_axes:
        raise ValueError(
            "engine ode does not run inside jax.shard_map or jax.pmap, as diffrax does not: call it under jax.jit, or "
            "choose engine numba or xla, or for other neurons than lif a time grid (bptt)"
        )


def forward(params: Any, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    from ...reference import ode  # diffrax takes a while to load

    _require_whole()

    @sequential_vmap  # type: ignore[untyped-decorator]
    def run(params: Any, events: Events) -> ode.Record:
        record = partial(ode.record, neuron_of(params), params, duration=duration, delay=delay, capacity=capacity)
        return jax.lax.map(record, events)

    spikes, _, current = run(params, events)
    return spikes, Kept(current, None)


def backward(
    params: Any,
    events: Events,
    spikes: Events,
    kept: Kept,
    time_cotangents: Float[Array, "batch capacity"],
    count_cotangents: Float[Array, "batch post"],
    *,
    duration: float,
    delay: float,
    trains_tau: bool,
    wants_times: bool,
) -> tuple[Any, Float[Array, "batch events"] | None]:
    """See ``Engine``."""
    _require_whole()

    @sequential_vmap  # type: ignore[untyped-decorator]
    def run(params: Any, *batch: Any) -> tuple[Any, Array]:
        pull_back = partial(_pull_back, params, duration=duration, delay=delay)
        gradients, d_times = jax.lax.map(lambda sample: pull_back(*sample), batch)
        return jax.tree.map(lambda x: x.sum(0), gradients), d_times

    events = events._replace(count=jnp.where(spikes.overflowed, 0, events.count))
    gradient, d_times = run(params, events, spikes, time_cotangents, count_cotangents)
    return gradient, d_times if wants_times else None


def _pull_back(
    params: Any, events: Events, spikes: Events, by_time: Array, by_count: Array, *, duration: float, delay: float
) -> tuple[Any, Array]:
    """The gradient of one sample."""
    from ...reference import ode

    def run(params: Any, times: Array) -> tuple[Array, Array]:
        record = ode.record(
            neuron_of(params), params, events._replace(times=times),
            duration=duration, delay=delay, capacity=spikes.capacity,
        )  # fmt: skip
        return record.spikes.times, record.voltage

    threshold = jnp.broadcast_to(params.threshold, (params.w_in.shape[1],))
    by_voltage = jnp.where(spikes.valid, (by_count / threshold)[spikes.units], 0)
    _, pull_back = jax.vjp(run, params, events.times)
    gradient, d_times = pull_back((by_time, by_voltage))
    return gradient, d_times
