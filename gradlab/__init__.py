"""gradlab: one spiking network, several gradients (EventProp, BPTT with surrogate gradients), compared honestly.

Names are imported when they are first used, so that a module such as ``gradlab.check`` can still set up JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

import solvers

if TYPE_CHECKING:
    from .models.model import Model as Model
    from .models.model import load as load
    from .networks.network import Network as Network
    from .networks.params import NetworkParams as NetworkParams
    from .reporting.frame import frame as frame
    from .training.config import TrainConfig as TrainConfig
    from .training.trainers import BPTTTrainer as BPTTTrainer
    from .training.trainers import EventPropTrainer as EventPropTrainer

if getattr(solvers, "PROJECT", None) != "gradlab":
    raise ImportError(
        f"gradlab needs its own package 'solvers', but Python finds another one of this name, {solvers.__file__}: "
        "rename that one, take it off the import path, or start Python in another folder"
    )

_HOME = {
    "Model": "models.model",
    "load": "models.model",
    "Network": "networks.network",
    "NetworkParams": "networks.params",
    "frame": "reporting.frame",
    "BPTTTrainer": "training.trainers",
    "EventPropTrainer": "training.trainers",
    "TrainConfig": "training.config",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
