"""What a record must hold to be averaged: the file may be one that ``gradlab.bench`` never wrote."""

from collections.abc import Iterable, Mapping
from typing import Any

from gradlab.command import Record

_NUMBERS = ("test_accuracy", "spikes_per_sample", "parameters", "residual_bytes", "epochs")
_NUMBERS_OR_NONE = (
    "test_accuracy_unseen_groups", "test_accuracy_known_groups", "train_accuracy", "transfer_accuracy",
)  # fmt: skip


def check_training(record: Record) -> None:
    """Refuse a training without the figures of the table.

    Raises:
        ValueError: names what is missing or of another kind.
    """
    require(isinstance(record.get("preset"), str), "preset")
    require(_is_number(record.get("seed")), "seed")
    for name in ("config", "metrics", "samples"):
        require(isinstance(record.get(name), Mapping), name)
    training = record["config"].get("training")
    strength = training.get("rate_strength") if isinstance(training, Mapping) else None
    require(_is_number(strength), "config.training.rate_strength")
    _check_numbers(record["metrics"], _NUMBERS, _NUMBERS_OR_NONE)
    times = record["samples"].get("epoch_s")
    require(isinstance(times, list) and len(times) > 0 and all(map(_is_number, times)), "samples.epoch_s")


def check_baseline(record: Record) -> None:
    """Refuse a linear baseline without the figures of the table. Raises as ``check_training``."""
    require(isinstance(record.get("metrics"), Mapping), "metrics")
    _check_numbers(record["metrics"], ("test_accuracy", "parameters"), _NUMBERS_OR_NONE[:3])


def _check_numbers(metrics: Mapping[str, Any], always: Iterable[str], perhaps: Iterable[str]) -> None:
    for name in always:
        require(_is_number(metrics.get(name)), f"metrics.{name}")
    for name in perhaps:
        require(metrics.get(name) is None or _is_number(metrics[name]), f"metrics.{name}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def require(holds: bool, what: str) -> None:
    """Refuse a record in which something is not as it should be. Raises ValueError."""
    if not holds:
        raise ValueError(f"a record has no {what} as this version writes it: name another file, or remove that line")
