"""Which trainings have the network that their preset names: controls with another one have tables of their own."""

from collections.abc import Mapping
from dataclasses import asdict

from gradlab.command import Record
from gradlab.networks.settings import NetworkSettings
from gradlab.training.json_types import to_json
from gradlab.training.presets import PRESETS

_MEASURED = "input_rate"  # from the data


def has_preset_network(record: Record) -> bool:
    """Whether no option changed the network of the preset; yes for a preset that is not known (any more)."""
    config, preset = record.get("config"), PRESETS.get(str(record.get("preset")))
    given = config.get("network") if isinstance(config, Mapping) else None
    if preset is None or not isinstance(given, Mapping):
        return True
    usual = to_json(asdict(NetworkSettings(**preset.network)))
    return all(usual.get(name, value) == value for name, value in given.items() if name != _MEASURED)
