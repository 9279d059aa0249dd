"""What an H100 takes and holds: its memory at one size, and the sizes at which it is full."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gradlab.measuring import memory
from gradlab.methods import EVENT_DRIVEN
from gradlab.methods.base import Capacity
from gradlab.training.room import pool_for
from solvers.fields import LARGEST

from ..contestants import CONTESTANTS
from .config import Config
from .points import h100_allocation, measure_point, without_input
from .problems import Activity, activity

COMPARED_AT = 256  # samples, for ratios and limits
_FULLEST = 1.04  # spikes of an epoch's fullest batch of 256 over the mean, where those of samples vary by 29 %
_CLOSE = 0.01  # of the memory of the card: when a limit is found
_TRIES = 8


def compare(config: Config) -> dict[str, Any]:
    """Allocation on an H100 in batches of 256, its ratios, and what fits."""
    size = replace(config.base, batch_size=COMPARED_AT)
    active = activity(size)
    points = {name: measure_point(name, size, active, h100=True, processes=False) for name in CONTESTANTS}
    bytes_of: dict[str, Any] = {name: without_input(point) for name, point in points.items()}
    metrics: dict[str, Any] = {f"h100_{name}_bytes": taken for name, taken in bytes_of.items()}
    metrics |= {
        "h100_bptt_over_eventprop": bytes_of["bptt_scan"] / bytes_of["eventprop"],
        "h100_whole_over_eventprop": bytes_of["bptt_whole"] / bytes_of["eventprop"],
        "h100_checkpointed_over_eventprop": bytes_of["bptt_checkpointed"] / bytes_of["eventprop"],
        "compared_batch": COMPARED_AT,
        "hidden_spikes_per_sample": active.hidden_spikes,
        "event_capacity": active.room.busiest,
        "event_pool": active.room.mean,
    }
    for name in CONTESTANTS:
        metrics |= limits(name, config, active)
    for busiest, mean in config.trained_rooms:
        room = Capacity(busiest, pool_for(_FULLEST * mean))
        allocation, taken = h100_allocation("eventprop", size, active.input_capacity, room)
        metrics[f"h100_eventprop_room_{busiest}_bytes"] = allocation.total - taken
        metrics[f"h100_eventprop_room_{busiest}_pool"] = room.mean
    return metrics


def limits(name: str, config: Config, active: Activity) -> dict[str, float]:
    """Largest batch, and longest recording in a batch of 256, whose gradient fits an H100 with its input.

    Of micro-batches no batch is the largest. All events of a batch have an index of 32 bits in an event-driven
    simulator, which may be what limits it.
    """
    contestant = CONTESTANTS[name]
    indexed = max(active.input_capacity, active.room.mean) if contestant.method.simulator == EVENT_DRIVEN else 1
    samples = LARGEST / indexed

    def by_batch(samples: float) -> int:
        size = replace(config.base, batch_size=int(samples))
        return h100_allocation(name, size, active.input_capacity, active.room)[0].total

    def by_duration(duration: float) -> int:
        longer = duration / config.duration  # so many more spikes
        size = replace(config.base, batch_size=COMPARED_AT, duration=duration)
        room = Capacity(*(int(longer * each) for each in active.room))
        return h100_allocation(name, size, int(longer * active.input_capacity), room)[0].total

    found = {f"h100_longest_recording_{name}_s": largest_that_fits(
        by_duration, config.duration, samples / COMPARED_AT * config.duration, whole=False
    )}  # fmt: skip
    if contestant.micro_batch is None:
        found[f"h100_largest_batch_{name}"] = largest_that_fits(by_batch, COMPARED_AT, samples, whole=True)
    return found


def largest_that_fits(bytes_at: Callable[[float], float], first: float, most: float, whole: bool) -> float:
    """Size at which the memory of an H100 is full, to a percent; the last that was found to fit.

    Args:
        bytes_at: allocation by size; grows with it.
        first: a size that fits, and twice as much can be measured.
        most: no larger size can be measured.
        whole: whether sizes are whole numbers.
    """
    known = [(first, bytes_at(first)), (2 * first, bytes_at(2 * first))]
    for _ in range(_TRIES):
        (x0, y0), (x1, y1) = known[-2:]
        guess = x1 + (memory.H100_BYTES * (1 - _CLOSE / 2) - y1) * (x1 - x0) / (y1 - y0)
        capped, guess = guess > most, min(guess, most)
        guess = float(int(guess)) if whole else guess
        known.append((guess, bytes_at(guess)))
        if (0 if capped else 1 - _CLOSE) <= known[-1][1] / memory.H100_BYTES <= 1:
            break
    return max(x for x, y in known if y <= memory.H100_BYTES)
