"""Engines by name: each computes both passes of a layer. One registry, one interface."""

from typing import Any

import jax
import jax.extend.backend
import jax.numpy as jnp

from ...delays import CHANNEL, kinds
from ...neurons import NEURONS
from . import cuda, numba, ode, xla
from .base import DetachedEngine as DetachedEngine
from .base import Engine as Engine
from .base import Kept as Kept
from .base import PooledEngine as PooledEngine
from .base import ShardedEngine as ShardedEngine
from .base import SmoothEngine as SmoothEngine

ENGINES: dict[str, Engine] = {
    "numba": numba,
    "xla": xla,
    "cuda": cuda,
    "ode": ode,
}
AUTO = "auto"


def engine_name(
    name: str, neuron: str = "lif", *, dtype: Any = None, smooth: bool = False, device: str | None = None
) -> str:
    """The name of an engine that simulates a neuron model.

    Args:
        name: of an engine; "auto" is ``numba`` where JAX computes on the CPU, ``cuda`` on NVIDIA's GPUs and ``xla``
            elsewhere, and where ``cuda`` cannot do what is asked for; for a model that these do not simulate, the
            first engine that does.
        neuron: name in ``solvers.neurons.NEURONS``.
        dtype: of the parameters; None for JAX's default. Only "auto" asks.
        smooth: whether the gradient is to be smoothed. Likewise.
        device: cpu, cuda or another; None for that on which JAX computes. Likewise.

    Raises:
        ValueError: for an unknown name, or an engine that does not simulate the model.
    """
    if neuron not in NEURONS:
        raise ValueError(f"unknown neuron {neuron!r}: choose one of {', '.join(NEURONS)}")
    able = [key for key, engine in ENGINES.items() if engine.neurons is None or neuron in engine.neurons]
    if name == AUTO:
        real = jnp.dtype(dtype or jax.dtypes.canonicalize_dtype(float)).name
        suits = [
            key
            for key in fastest_on(device or device_here())
            if key in able and real in ENGINES[key].dtypes and (has_smoothing(key) or not smooth)
        ]
        return [*suits, *able][0]
    if not isinstance(name, str) or name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}: choose one of {', '.join((AUTO, *ENGINES))}")
    if name not in able:
        raise ValueError(f"engine {name} does not simulate neuron {neuron!r}: choose {' or '.join(able)}")
    return name


def device_here() -> str:
    """On what JAX computes: cpu, cuda, or another name of JAX's."""
    device = jax.default_backend()
    if device == "gpu" and "cuda" in jax.extend.backend.get_backend().platform_version:
        return "cuda"
    return device


def fastest_on(device: str) -> tuple[str, ...]:
    """Engines for a device, the fastest first."""
    return {"cpu": ("numba",), "cuda": ("cuda", "xla")}.get(device, ("xla",))


def has_smoothing(name: str) -> bool:
    """Whether an engine of this name has a smoothed gradient."""
    return isinstance(ENGINES[name], SmoothEngine)


def require_dtype(name: str, dtype: Any) -> None:
    """Refuse parameters of a floating-point type that an engine does not compute in.

    Args:
        name: of an engine.
        dtype: of the parameters.

    Raises:
        ValueError: says what to do.
    """
    real = jnp.dtype(dtype).name
    if real not in ENGINES[name].dtypes:
        able = [key for key, engine in ENGINES.items() if real in engine.dtypes]
        raise ValueError(
            f"engine {name} computes in {' or '.join(ENGINES[name].dtypes)}, the parameters are {real}: convert them, "
            f"or choose {' or '.join(able)}"
        )


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


def sharded_name(name: str, neuron: str) -> str:
    """The name of an engine that shares out the neurons of a layer over devices.

    Args:
        name: of an engine; "auto" is the first that does.
        neuron: name in ``solvers.neurons.NEURONS``.

    Raises:
        ValueError: if it does not, or not those of this model; says what does.
    """
    able = [key for key, engine in ENGINES.items() if isinstance(engine, ShardedEngine)]
    if neuron != "lif":
        raise ValueError(f"neuron {neuron!r} cannot be shared out over an axis: choose lif")
    if name != AUTO and name not in able:
        raise ValueError(f"engine {name} shares out no neurons over an axis: choose {' or '.join(able)}")
    return able[0] if name == AUTO else name


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
