"""Engines by name: each computes both passes of a layer. One registry, one interface."""

from typing import Any

import jax

from ...delays import CHANNEL, kinds
from ...neurons import NEURONS
from . import numba, ode, xla
from .base import DetachedEngine as DetachedEngine
from .base import Engine as Engine
from .base import Kept as Kept
from .base import SmoothEngine as SmoothEngine

ENGINES: dict[str, Engine] = {
    "numba": numba,
    "xla": xla,
    "ode": ode,
}
AUTO = "auto"


def engine_name(name: str, neuron: str = "lif") -> str:
    """The name of an engine that simulates a neuron model.

    Args:
        name: of an engine; "auto" is ``numba`` where JAX computes on the CPU, and ``xla`` elsewhere; for a model
            that these do not simulate, the first engine that does.
        neuron: name in ``solvers.neurons.NEURONS``.

    Raises:
        ValueError: for an unknown name, or an engine that does not simulate the model.
    """
    if neuron not in NEURONS:
        raise ValueError(f"unknown neuron {neuron!r}: choose one of {', '.join(NEURONS)}")
    able = [key for key, engine in ENGINES.items() if engine.neurons is None or neuron in engine.neurons]
    if name == AUTO:
        fastest = "numba" if jax.default_backend() == "cpu" else "xla"
        return fastest if fastest in able else able[0]
    if not isinstance(name, str) or name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}: choose one of {', '.join((AUTO, *ENGINES))}")
    if name not in able:
        raise ValueError(f"engine {name} does not simulate neuron {neuron!r}: choose {' or '.join(able)}")
    return name


def has_smoothing(name: str) -> bool:
    """Whether an engine of this name has a smoothed gradient."""
    return isinstance(ENGINES[name], SmoothEngine)


def require_detached(name: str, neuron: str) -> None:
    """Refuse gradients that do not pass the reset of a neuron model, or by an engine, that has no such gradient.

    Args:
        name: of an engine.
        neuron: name in ``solvers.neurons.NEURONS``.

    Raises:
        ValueError: says which has.
    """
    if neuron != "lif":
        raise ValueError(f"neuron {neuron!r} has no gradient without a path through the reset: choose lif")
    if not isinstance(ENGINES[name], DetachedEngine):
        able = [key for key, engine in ENGINES.items() if isinstance(engine, DetachedEngine)]
        raise ValueError(f"engine {name} has no gradient without a path through the reset: choose {' or '.join(able)}")


def require_delays(name: str, params: Any) -> None:
    """Refuse a layer with delays that an engine does not simulate.

    Args:
        name: of an engine.
        params: of the layer.

    Raises:
        ValueError: says which does.
    """
    for kind in kinds(params):
        able = [key for key, engine in ENGINES.items() if kind in (CHANNEL, *engine.delays)]
        if name not in able:
            raise ValueError(f"engine {name} has no delays of each {kind}: choose {' or '.join(able) or 'others'}")


def require_smooth(name: str, neuron: str) -> None:
    """Refuse to smooth gradients of a neuron model, or by an engine, that has no such gradient.

    Args:
        name: of an engine.
        neuron: name in ``solvers.neurons.NEURONS``.

    Raises:
        ValueError: says which has.
    """
    if neuron != "lif":
        raise ValueError(f"neuron {neuron!r} has no smoothed gradient: choose lif")
    if not has_smoothing(name):
        able = filter(has_smoothing, ENGINES)
        raise ValueError(f"engine {name} has no smoothed gradient: choose {' or '.join(able)}")
