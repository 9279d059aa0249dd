"""The gradient of each contestant at one size, its weights tuned and its input drawn on the CPU."""

from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.methods import EventProp
from gradlab.networks.params import NetworkParams
from gradlab.training.objective import Objective
from solvers.eventprop.engines import AUTO

from ..contestants import CONTESTANTS
from ..memory_scaling.problems import Problem, Size, problem
from ..workload import room_for, tune_rate
from .engines import engines

_TUNED_ON = 16  # samples
_ROOM_UNIT = 256
_EXACT = "eventprop_"  # before the name of its engine
#: Forms of BPTT-SG that are timed.
FORMS = ("bptt", "bptt_checkpointed", "bptt_scan", "bptt_whole", "bptt_packed", "bptt_bfloat16")
#: Seconds of a recording, as SHD's.
DURATION = 1.0


def lines() -> dict[str, tuple[str, str]]:
    """What is timed, by name: key of ``CONTESTANTS``, and engine."""
    return {f"{_EXACT}{name}": (EventProp.name, name) for name in engines()} | {name: (name, AUTO) for name in FORMS}


def size_of(hidden: int, batch: int) -> Size:
    """A size with recordings as long as SHD's."""
    return Size(hidden, batch, DURATION, DURATION)


@lru_cache
def tuned(hidden: int) -> NetworkParams:
    """Weights with which the hidden neurons fire at 10 Hz, on the CPU."""
    size = size_of(hidden, _TUNED_ON)
    with jax.default_device(jax.devices("cpu")[0]):
        exact = Objective(size.network, size.config, EventProp(engine="numba"))
        return tune_rate(exact, exact.init(), size.data(), size.hidden_rate)[0]


@lru_cache(maxsize=1)
def drawn(size: Size) -> tuple[Any, Any, Any, int]:
    """Weights, a batch of input, labels, and room for the spikes of the busiest sample; on the CPU."""
    params = tuned(size.hidden)
    with jax.default_device(jax.devices("cpu")[0]):
        exact = Objective(size.network, size.config, EventProp(engine="numba"))
        events, labels = jax.tree.map(jnp.asarray, exact.batch(size.data(), np.arange(size.batch_size)))
        counts = np.asarray(exact.forward(params, events).spikes[0].count)
    return params, events, labels, room_for(counts, _ROOM_UNIT)


def gradient(line: str, size: Size) -> Problem:
    """Of a line of ``lines`` at one size; its arguments are on the device."""
    name, engine = lines()[line]
    params, events, labels, room = drawn(size)
    params, events, labels = jax.device_put((params, events, labels), jax.devices()[0])
    return problem(name, size, params, events, labels, room, engine)


def label_of(line: str) -> str:
    """In tables and figures."""
    if line in CONTESTANTS:
        return CONTESTANTS[line].label
    return f"{EventProp.label} ({line.removeprefix(_EXACT)})"
