"""Compile the kernels of the engine ``numba`` for the tests, each once.

Workers of pytest that start together would each compile all of them. The command ``python -m tests.warm_up PART``
compiles one of two parts, which are meant to run side by side; what it compiles stays in numba's cache.
"""

import sys
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from solvers.delays import Delays
from solvers.eventprop import Smoothing, lif_layer_with_counts
from solvers.events import pad_events
from solvers.neurons import NEURONS


class Kind(NamedTuple):
    """What numba compiles kernels for."""

    dtype: str = "float64"
    neuron: str = "lif"
    smoothing: Smoothing | None = None
    synapses: bool = False
    duration: float = 0.02


TIMING = Smoothing(parts="timing")
PARTS = {
    "1": [Kind(), Kind("float32"), Kind("float32", smoothing=Smoothing()), Kind(neuron="dead-time")],
    "2": [
        Kind(synapses=True), Kind(smoothing=Smoothing()), Kind(neuron="clamp"), Kind(smoothing=TIMING),
        Kind("float32", duration=10.0),
    ],
}  # fmt: skip


def compile_kernels(kind: Kind) -> None:
    """Of both passes."""
    w = jnp.ones((1, 1), kind.dtype)
    delays = Delays(0.001 * w, 0.001 * w) if kind.synapses else None
    params = NEURONS[kind.neuron].make_params(w, w, delays=delays)
    events = pad_events([([1e-3], [0])])
    events = events._replace(times=events.times.astype(kind.dtype))
    settings: Any = dict(duration=kind.duration, capacity=4, engine="numba", smoothing=kind.smoothing)

    def total(params: Any) -> Any:
        spikes, counts = lif_layer_with_counts(params, events, **settings)
        return jnp.where(spikes.valid, spikes.times, 0).sum() + counts.sum()

    jax.grad(total)(params)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    for each in PARTS[sys.argv[1]]:
        compile_kernels(each)
