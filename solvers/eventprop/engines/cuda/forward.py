"""Forward pass."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ....events import Events, Packed, StaticInt, packed_rows
from ....neurons.lif import LIFParams
from ....smoothing import Smoothing
from ....times import Time, is_fine
from ..base import Kept
from ..pool import PAGE, Found, Pages, in_pool
from . import arguments, launch

_AHEAD = 32  # spikes, as in ``kernels/pages.cuh``


def forward(params: LIFParams, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    found, count, *_ = _forward(params, packed_rows(events), duration=duration, delay=delay, capacity=capacity, pages=0)
    found = jax.tree.map(lambda x: x.reshape(-1, capacity), found)
    return Events(found.times.high, found.units, count), found.as_kept()


def pooled_forward(
    params: LIFParams, events: Packed, *, duration: float, delay: float, capacity: int, slots: int,
    smoothing: Smoothing | None,
) -> tuple[Packed, Kept]:  # fmt: skip
    """See ``PooledEngine``."""
    pages = -(-slots // PAGE) + len(events.count) * (1 + _AHEAD // PAGE)
    found, count, table, taken = _forward(
        params, events, duration=duration, delay=delay, capacity=capacity, pages=pages
    )
    return in_pool(found, [Pages(table, StaticInt(capacity))], [count], taken[0] <= pages, slots)


@partial(jax.jit, static_argnames=("duration", "delay", "capacity", "pages"))
def _forward(
    params: LIFParams, events: Packed, *, duration: float, delay: float, capacity: int, pages: int
) -> tuple[Found, Any, Any, Any]:
    """Spikes in rows, or in pages if their number is not 0; counts; the samples' pages, and how many are taken."""
    batch, shape, real, whole = len(events.count), jax.ShapeDtypeStruct, jnp.float32, jnp.int32
    room, exact = (pages * PAGE if pages else batch * capacity,), not is_fine(real, duration)
    results = (
        shape(room, real), shape(room, whole), shape(room, real), shape((batch,), whole),
        shape(room if exact else (1,), real), shape((batch, 2, params.neurons, 2), real),
        shape((batch, -(-capacity // PAGE)) if pages else (1, 1), whole),
    )  # fmt: skip
    taken, times, units, current, count, low, _, table = launch.launch(
        "forward", arguments.grid(batch, params.neurons), results, *arguments.events_arrays(events),
        *arguments.layer_arrays(params), arguments.sizes(params, events, capacity, exact=exact, pages=pages),
        arguments.clock(params, duration, delay), changed=[jnp.zeros(1, whole)],
    )  # fmt: skip
    return Found(Time(times, low if exact else None), units, current, None, None), count, table, taken
