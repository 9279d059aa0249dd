"""gradlab: one spiking network, two gradients (EventProp and BPTT with surrogate gradients), compared honestly.

Names are imported when they are first used, so that a module such as ``gradlab.check`` can still set up JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .network import Network as Network
    from .network import NetworkParams as NetworkParams
    from .recipe import TrainConfig as TrainConfig
    from .train import BPTTTrainer as BPTTTrainer
    from .train import EventPropTrainer as EventPropTrainer

_HOME = {
    "Network": "network",
    "NetworkParams": "network",
    "BPTTTrainer": "train",
    "EventPropTrainer": "train",
    "TrainConfig": "recipe",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
