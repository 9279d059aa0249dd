"""What is searched: one table for all methods, each of which takes the fields that it or the network has."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from ..configuration import Config
from ..methods.options import names_of_options

AnyConfig = TypeVar("AnyConfig", bound=Config)
_PARTS = "network", "training", "options"  # of the configuration, in which fields are looked for


class Range(NamedTuple):
    """Bounds of a field, both included; values are drawn evenly in the logarithm, for all fields are scales."""

    low: float
    high: float


#: By name of the field, whose docstring gives its unit. Fields that all methods have come first, for the seed draws in
#: this order: so the first trials of all methods have the same values of these.
SPACE: dict[str, Range] = {
    "learning_rate": Range(1e-4, 3e-2),
    "rate_strength": Range(1e-8, 1e-3),
    "rate_target": Range(3.0, 60.0),
    "tau_syn": Range(2e-3, 40e-3),
    "delays_factor": Range(2.5, 250.0),  # where delays are trained
    "slope": Range(1.0, 100.0),  # of a surrogate derivative or of escape noise
    "half_width": Range(0.1, 1.0),  # of the smoothed gradient
}
_OF_DELAYS = ("delays_factor",)


def searched(config: Config, method: str) -> dict[str, Range]:
    """The part of the table that a method has with a network and a training.

    Args:
        config: of the trainings.
        method: key of ``METHODS``.
    """
    known = {field.name for part in _PARTS[:2] for field in dataclasses.fields(getattr(config, part))}
    known |= set(names_of_options(method))
    if not (config.network.has_delays and config.training.train_delays):
        known -= set(_OF_DELAYS)
    return {name: bounds for name, bounds in SPACE.items() if name in known}


def given_values(config: Config, method: str) -> dict[str, float]:
    """The values that the configuration itself has for what is searched: the first trial.

    Raises:
        ValueError: if one is out of bounds.
    """
    everything = {name: value for part in _PARTS for name, value in vars(getattr(config, part)).items()}
    values = {name: float(everything[name]) for name in searched(config, method)}
    for name, value in values.items():
        low, high = SPACE[name]
        if not low <= value <= high:
            raise ValueError(
                f"{name} is {value:g}, but is searched from {low:g} to {high:g}, and the first trial takes it as "
                "given: give a value in this range"
            )
    return values


def with_values(config: AnyConfig, values: Mapping[str, Any]) -> AnyConfig:
    """The configuration with other values of some fields of its network, training and options."""
    changed = {}
    for part in _PARTS:
        of_part = getattr(config, part)
        names = {field.name for field in dataclasses.fields(of_part)}
        changed[part] = dataclasses.replace(of_part, **{name: values[name] for name in values if name in names})
    return dataclasses.replace(config, **changed)
