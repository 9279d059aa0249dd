"""Forward pass."""

from functools import partial

import jax
import jax.numpy as jnp

from ....events import Events
from ....neurons.lif import LIFParams
from ....times import is_fine
from ..base import Kept
from . import arguments, launch


@partial(jax.jit, static_argnames=("duration", "delay", "capacity"))
def forward(params: LIFParams, events: Events, *, duration: float, delay: float, capacity: int) -> tuple[Events, Kept]:
    """See ``Engine``."""
    batch, shape, real, whole = len(events.times), jax.ShapeDtypeStruct, jnp.float32, jnp.int32
    room, exact = (batch, capacity), not is_fine(real, duration)
    results = (
        shape(room, real), shape(room, whole), shape(room, real), shape((batch,), whole),
        shape(room if exact else (1,), real), shape((batch, 2, params.neurons, 2), real),
    )  # fmt: skip
    times, units, current, count, low, _ = launch.launch(
        "forward", arguments.grid(batch, params.neurons), results, *events[:3], *arguments.layer_arrays(params),
        arguments.sizes(params, batch, events.capacity, capacity, exact=exact),
        arguments.clock(params, duration, delay),
    )  # fmt: skip
    return Events(times, units, count), Kept(current, low if exact else None)
