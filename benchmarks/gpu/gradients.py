"""The gradient of each contestant at one size."""

import jax

from gradlab.methods import EventProp
from solvers.eventprop.engines import AUTO

from ..contestants import CONTESTANTS
from ..memory_scaling.problems import Problem, Size, activity, draw, problem
from .engines import engines

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


def gradient(line: str, size: Size) -> Problem:
    """Of a line of ``lines`` at one size; its arguments are on the device."""
    name, engine = lines()[line]
    params, events, labels = jax.device_put(draw(size), jax.devices()[0])
    return problem(name, size, params, events, labels, activity(size).room, engine)


def label_of(line: str) -> str:
    """In tables and figures."""
    if line in CONTESTANTS:
        return CONTESTANTS[line].label
    return f"{EventProp.label} ({line.removeprefix(_EXACT)})"
