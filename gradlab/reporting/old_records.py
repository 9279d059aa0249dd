"""Records of the first layout (schema version 1) in the names of today's: figures know one layout only."""

import re
from typing import Any

# Keys that were renamed, wherever they stand.
_RENAMED = {
    "test_accuracy_other_world": "transfer_accuracy",
    "runs_away_in_other_world": "transfer_runs_away",
    "test_accuracy_known_speakers": "test_accuracy_known_groups",
    "test_accuracy_unseen_speakers": "test_accuracy_unseen_groups",
    "validation_speakers": "validation_groups",
    "other_world": "transfer",
    "world": "simulator",
    "loop_integral_eventprop": "circulation_eventprop",
    "loop_jump_residual": "circulation_jump_residual",
}
_INDEX = re.compile(r"\[(\d+)\]")  # positions in names of leaves: layers[0].w_in


def upgraded(record: dict[str, Any]) -> dict[str, Any]:
    """A record of schema version 1 in the layout of version 2; what has no new name stays as it is.

    Args:
        record: as it was read; its ``schema_version`` stays 1, for that is what the file holds.
    """
    new: dict[str, Any] = _renamed(record)
    metrics = new["metrics"]
    config = new.get("config", {})
    if "train" in config:
        config["training"] = config.pop("train")
    if new["benchmark"] == "train" and "agreement" in metrics:  # there were two methods, one of them judged
        metrics["agreement"] = {stage: {"bptt": found} for stage, found in metrics["agreement"].items()}
    return new


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_INDEX.sub(r".\1", _RENAMED.get(str(key), str(key))): _renamed(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_renamed(entry) for entry in value]
    return value
