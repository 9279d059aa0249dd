"""One part of the benchmark."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax

from gradlab.command import Command, Outcome, Record

from .config import Config, Part, require_gpu
from .correctness import correctness
from .epoch import epochs
from .peaks import peaks
from .repeats import atomics, repeated
from .times import times

Rows = list[dict[str, Any]]
_PARTS: dict[Part, Callable[[Config], Rows]] = {
    "correctness": correctness,
    "times": times,
    "memory": peaks,
    "repeats": repeated,
    "atomics": atomics,
}


class InParts(Command[Config]):
    """Each part has a record of its own, written as it ends."""

    def run(self, config: Config) -> Record:
        """See ``Command``; returns the last record."""
        for part in config.parts:
            record = super().run(replace(config, parts=(part,)))
        return record


def measure(config: Config) -> Outcome:
    """A single part.

    Raises:
        ValueError: without a GPU, or for damaged data.
        OSError: for data that are not there.
    """
    require_gpu()
    (part,) = config.parts
    dataset, rows = epochs(config) if part == "epoch" else ("poisson", _PARTS[part](config))
    metrics = {"part": part, "device": jax.devices()[0].device_kind}
    return Outcome(
        metrics, {part: rows}, method="all", dataset=dataset, hidden=config.hidden, seed=config.seed
    )  # fmt: skip
