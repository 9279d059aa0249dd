"""What a training changed of its preset: it is a control then, with a table of its own."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gradlab.command import Record
from gradlab.data import DATASETS
from gradlab.methods import METHODS
from gradlab.methods.options import MethodOptions, names_of_options
from gradlab.networks.settings import NetworkSettings
from gradlab.training.config import TrainConfig
from gradlab.training.json_types import to_json
from gradlab.training.presets import PRESETS

_MEASURED = "input_rate"  # from the data
_SHOWN = "epochs", "rate_strength", "seed"  # in columns of their own
_HOW = "engine", "checkpoint"  # a gradient is computed, not which one


def changes(record: Record) -> str:
    """The options that changed the network, the training or the method of the preset; empty for an unknown preset.

    Such as ``--delay-line 1 --no-train-delays --slope 100``.
    """
    config, preset = record.get("config"), PRESETS.get(str(record.get("preset")))
    given = config.get("network") if isinstance(config, Mapping) else None
    if preset is None or not isinstance(config, Mapping) or not isinstance(given, Mapping):
        return ""
    of_data = DATASETS[preset.dataset]
    usual = to_json(asdict(NetworkSettings(**{**of_data.network, **preset.network})))
    found = {name: value for name, value in given.items() if name != _MEASURED and usual.get(name, value) != value}
    training, usual = config.get("training"), to_json(asdict(TrainConfig(**{**of_data.training, **preset.training})))
    if isinstance(training, Mapping):
        found |= {
            name: value for name, value in training.items() if name not in _SHOWN and usual.get(name, value) != value
        }
    options, method = config.get("options"), str(record.get("method"))
    if isinstance(options, Mapping) and method in METHODS:
        usual = to_json(asdict(MethodOptions(**preset.options)))
        names = [name for name in names_of_options(method) if name in options and name not in _HOW]
        found |= {name: options[name] for name in names if usual[name] != options[name]}
    return " ".join(_option(name, value) for name, value in found.items())


def _option(name: str, value: Any) -> str:
    """As on a command line."""
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    values = value if isinstance(value, list) else [value]
    return " ".join([f"--{option}", *map(str, values)])
