"""Engine for any neuron: ``solvers.reference.ode``, differentiated by JAX. Exact, and slower by orders of magnitude.

The backward pass simulates each sample again, so that between the passes no more is kept than by the other engines.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...events import Events
from ...neurons import neuron_of
from .base import Kept

neurons = None  # all of them
delays = ()
dtypes = "float32", "float64"


def forward(params: Any, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    from ...reference import ode  # diffrax takes a while to load

    def one(sample: Events) -> ode.Record:
        return ode.record(neuron_of(params), params, sample, duration=duration, delay=delay, capacity=capacity)

    spikes, _, current = jax.lax.map(one, events)
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
    from ...reference import ode

    threshold = jnp.broadcast_to(params.threshold, (params.w_in.shape[1],))
    events = events._replace(count=jnp.where(spikes.overflowed, 0, events.count))

    def one(sample: tuple[Events, Events, Array, Array]) -> tuple[Any, Array]:
        events, spikes, by_time, by_count = sample

        def run(params: Any, times: Array) -> tuple[Array, Array]:
            record = ode.record(
                neuron_of(params), params, events._replace(times=times),
                duration=duration, delay=delay, capacity=spikes.capacity,
            )  # fmt: skip
            return record.spikes.times, record.voltage

        by_voltage = jnp.where(spikes.valid, (by_count / threshold)[spikes.units], 0)
        _, pull_back = jax.vjp(run, params, events.times)
        gradient, d_times = pull_back((by_time, by_voltage))
        return gradient, d_times

    gradients, d_times = jax.lax.map(one, (events, spikes, time_cotangents, count_cotangents))
    return jax.tree.map(lambda x: x.sum(0), gradients), d_times if wants_times else None
