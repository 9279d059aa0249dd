"""Which trainings are of the network that their preset names: controls have tables of their own."""

from collections.abc import Mapping
from dataclasses import asdict

from gradlab.command import Record
from gradlab.networks.settings import NetworkSettings
from gradlab.training.config import TrainConfig
from gradlab.training.json_types import to_json
from gradlab.training.presets import PRESETS

_MEASURED = "input_rate"  # from the data
_TRAINED = "train_constants", "train_delays"


def has_preset_network(record: Record) -> bool:
    """Whether no option changed the network of the preset or what of it is trained; yes for an unknown preset."""
    config, preset = record.get("config"), PRESETS.get(str(record.get("preset")))
    given = config.get("network") if isinstance(config, Mapping) else None
    if preset is None or not isinstance(config, Mapping) or not isinstance(given, Mapping):
        return True
    usual = to_json(asdict(NetworkSettings(**preset.network)))
    if any(usual.get(name, value) != value for name, value in given.items() if name != _MEASURED):
        return False
    training, usual = config.get("training"), to_json(asdict(TrainConfig(**preset.training)))
    return not isinstance(training, Mapping) or all(training.get(name, usual[name]) == usual[name] for name in _TRAINED)
