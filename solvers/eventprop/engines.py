"""Engines: how the forward and backward pass of a layer are computed. One registry, one interface."""

from typing import Protocol

import jax
from jaxtyping import Array, Float

from ..events import Events
from ..lif import LIFParams
from . import numba_engine, xla


class Engine(Protocol):
    """What an engine provides; both passes are called from traced JAX code on batched events."""

    def forward(
        self, params: LIFParams, events: Events, *, duration: float, delay: float, capacity: int
    ) -> tuple[Events, Float[Array, "batch capacity"]]:
        """Spikes (count above capacity where there was no room) and the synaptic current at each."""
        ...

    def backward(
        self,
        params: LIFParams,
        events: Events,
        spikes: Events,
        current: Float[Array, "batch capacity"],
        at_times: Float[Array, "batch capacity"],
        at_counts: Float[Array, "batch post"],
        *,
        delay: float,
        trains_tau: bool,
        wants_times: bool,
    ) -> tuple[LIFParams, Float[Array, "batch events"] | None]:
        """Gradients of the parameters, summed over the batch, and of the input times if wanted."""
        ...


ENGINES: dict[str, Engine] = {"numba": numba_engine, "xla": xla}  # type: ignore[dict-item]
AUTO = "auto"


def engine_name(name: str) -> str:
    """The name of an engine; "auto" is ``numba`` where JAX computes on the CPU, and ``xla`` elsewhere.

    Raises:
        ValueError: for an unknown name.
    """
    if name == AUTO:
        return "numba" if jax.default_backend() == "cpu" else "xla"
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}: choose one of {', '.join((AUTO, *ENGINES))}")
    return name
