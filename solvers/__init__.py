"""Numerics of spiking networks: neuron models, exact event-driven gradients, surrogate gradients on a grid.

Knows no data sets, files or command lines and can be imported on its own. Names are imported when they are first used,
so that ``solvers.fields`` does not load JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checks.errors import InputError as InputError
    from .checks.errors import clear_errors as clear_errors
    from .events import Events as Events
    from .neurons.lif import LIFParams as LIFParams

#: By this gradlab tells this package from another one that is called ``solvers``.
PROJECT = "gradlab"

_HOME = {
    "Events": "events",
    "InputError": "checks.errors",
    "LIFParams": "neurons.lif",
    "clear_errors": "checks.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
