"""What a training changed of its preset: it is a control then, with a table of its own."""

from collections.abc import Mapping, Sequence
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
    of_data, method = DATASETS[preset.dataset], str(record.get("method"))
    network = asdict(NetworkSettings(**{**of_data.network, **preset.network}))
    training = asdict(TrainConfig(**{**of_data.training, **preset.training}))
    options = asdict(MethodOptions(**preset.options))
    own = set(names_of_options(method)) - set(_HOW) if method in METHODS else ()
    found = (
        _differing(given, network, skipped=(_MEASURED,))
        | _differing(config.get("training"), training, skipped=_SHOWN)
        | _differing(config.get("options"), {name: options[name] for name in own})
    )
    return " ".join(_option(name, value) for name, value in found.items())


def _differing(given: Any, usual: Mapping[str, Any], skipped: Sequence[str] = ()) -> dict[str, Any]:
    """What a part of a configuration has in place of the usual; nothing if it is no such part."""
    known = {name: value for name, value in to_json(usual).items() if name not in skipped}
    entries = given.items() if isinstance(given, Mapping) else ()
    return {name: value for name, value in entries if known.get(name, value) != value}


def _option(name: str, value: Any) -> str:
    """As on a command line."""
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    values = value if isinstance(value, list) else [value]
    return " ".join([f"--{option}", *map(str, values)])
