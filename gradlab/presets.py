"""Presets: named sets of options of ``gradlab.bench``, one for each row of the accuracy table in the README.

They name what differs from the defaults; options on the command line go before them.
"""

from typing import Any

# Both methods on the whole training set: what is chosen is chosen beforehand, with held-out speakers.
_SHD: dict[str, Any] = {"dataset": "shd", "validation_speakers": (), "loss": "exp"}
_TRAINING: dict[str, Any] = {
    "epochs": 60,
    "batch_size": 32,
    "learning_rate": 4e-3,
    "clip": 1.0,
    "channel_shift": 40,
    "blend": 0.5,
}

#: Settings of ``gradlab.bench.Config`` by preset; ``train`` holds those of ``TrainConfig``.
PRESETS: dict[str, dict[str, Any]] = {
    "shd-200": _SHD | {"hidden": (200,), "train": _TRAINING},
    "shd-128-het": _SHD
    | {"hidden": (128,), "constants": "gamma", "train": _TRAINING | {"train_constants": True, "constants_factor": 0.3}},
    "shd-256": _SHD
    | {"hidden": (256,), "pool": 5, "delay_line": 5, "delay_step": 60e-3, "train": _TRAINING | {"epochs": 40}},
}
