"""All figures of one contestant at one size."""

import dataclasses
import math
from functools import cache
from typing import Any

from gradlab.measuring import memory
from gradlab.methods import EventPropSmooth
from gradlab.methods.base import Capacity
from solvers.eventprop import engine_name

from ..contestants import CONTESTANTS
from .problems import Activity, Size, gradient_at, problem, shapes

Point = dict[str, Any]
_UNKNOWN = [None] * 3


def engine_on_h100(name: str) -> str:
    """The engine that is chosen by itself there, if the contestant is in continuous time."""
    smooth = isinstance(CONTESTANTS[name].method, EventPropSmooth)
    return engine_name("auto", smooth=smooth, device="cuda")


@cache
def h100_allocation(name: str, size: Size, input_capacity: int, room: Capacity) -> tuple[memory.Allocation, int]:
    """What the gradient takes on an H100, and how much of it is its input [bytes]."""
    made = problem(name, size, *shapes(size, input_capacity), room, engine_on_h100(name))
    return memory.allocation(made.functions.gradient, *made.arguments, h100=True), made.input_bytes


def measure_point(name: str, size: Size, active: Activity, *, h100: bool, processes: bool) -> Point:
    """All figures of one contestant at one size; None where it is not measured."""
    made = problem(name, size, *shapes(size, active.input_capacity), active.room, "auto")
    at_a_time, micro = made, CONTESTANTS[name].micro_batch
    if micro is not None:
        part = dataclasses.replace(size, batch_size=math.gcd(size.batch_size, micro))
        at_a_time = problem(name, part, *shapes(part, active.input_capacity), active.room, "auto")
    point: Point = {
        "method": name,
        "residual_bytes": memory.residual_bytes(at_a_time.functions.loss, *at_a_time.arguments),
        "input_bytes": made.input_bytes,
        "input_spikes_per_sample": active.input_spikes,
        "hidden_spikes_per_sample": active.hidden_spikes,
        "event_capacity": active.room.busiest if CONTESTANTS[name].method.needs_room else None,
        "event_pool": active.room.mean if CONTESTANTS[name].method.needs_room else None,
    }
    on_card: Any = h100_allocation(name, size, active.input_capacity, active.room)[0] if h100 else _UNKNOWN
    here: Any = memory.allocation(made.functions.gradient, *made.arguments) if processes else _UNKNOWN
    settings = dict(method=name, room=active.room, engine="auto", **dataclasses.asdict(size))
    target = f"{gradient_at.__module__}:{gradient_at.__name__}"
    peak: Any = memory.peak_in_fresh_process(target, settings) if processes else _UNKNOWN
    for kind, parts, values in (
        ("h100", memory.Allocation._fields, on_card),
        ("local", memory.Allocation._fields, here),
        ("process", memory.ProcessPeak._fields, peak),
    ):
        point |= {f"{kind}_{part}_bytes": value for part, value in zip(parts, values, strict=True)}
    return point


def without_input(point: Point) -> float | None:
    """Allocation on the H100 apart from the input [bytes]; None if it is not known."""
    parts = [point[f"h100_{name}_bytes"] for name in memory.Allocation._fields]
    return None if None in parts else sum(parts) - point["input_bytes"]
