"""Spikes and gradients of engines against ``numba`` on the CPU of the same machine, in single precision."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gradlab.networks.params import named_leaves
from solvers.eventprop import lif_layer_with_counts
from solvers.events import Events, pad_events
from solvers.neurons.lif import LIFParams, lif_params

from .config import Config
from .engines import engines

_DURATION, _DELAY, _CAPACITY = 0.2, 1e-3, 1024
_SHD: dict[str, Any] = {"inputs": 700, "neurons": 256, "batch": 8, "rate": 11.4, "duration": 1.0, "capacity": 8192}
_RELEVANT = 1e-6  # times closer than that may change their order in single precision [s]


def correctness(config: Config) -> list[dict[str, Any]]:
    """A row for each network and engine: small random ones, and one of SHD's size."""
    rng = np.random.default_rng(config.seed)
    rows = []
    for number in range(config.networks):
        size: dict[str, Any] = {
            "inputs": int(rng.integers(5, 60)),
            "neurons": int(rng.integers(1, 100)),
            "batch": 4,
            "rate": 60.0,
        }
        options: dict[str, Any] = {"recurrent": number % 3 > 0, "shared": number % 2 == 0}
        rows += compared(rng, **size, **options)
    return rows + compared(rng, **_SHD, recurrent=True, shared=True)


def compared(
    rng: np.random.Generator, *, inputs: int, neurons: int, batch: int, rate: float, recurrent: bool, shared: bool,
    duration: float = _DURATION, capacity: int = _CAPACITY,
) -> list[dict[str, Any]]:  # fmt: skip
    """A row for each engine: samples with other spikes, times that differ, and errors of the gradient.

    Args:
        rng: draws network, input and cotangents.
        inputs: channels.
        neurons: of the layer.
        batch: samples.
        rate: of each channel [Hz].
        recurrent: whether there are recurrent weights.
        shared: whether all neurons have the same constants.
        duration: of a sample [s].
        capacity: room for its spikes.
    """
    size = () if shared else neurons
    drive = 10 / (inputs * rate * 10e-3)  # mean of a current's arrivals [threshold]
    values: dict[str, Any] = {
        "w_in": rng.normal(0.1 * drive, 0.4 * drive, (inputs, neurons)),
        "w_rec": rng.normal(0, 0.3 / np.sqrt(neurons), (neurons, neurons)) if recurrent else None,
        "tau_mem": rng.uniform(15e-3, 25e-3, size),
        "tau_syn": rng.uniform(5e-3, 12e-3, size),
    }
    params = lif_params(**jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), values))
    counts = rng.poisson(inputs * rate * duration, batch)
    events = pad_events([
        (np.sort(rng.uniform(0, duration, n)).astype(np.float32), rng.integers(0, inputs, n)) for n in counts
    ])  # fmt: skip
    cotangents = (
        jnp.asarray(rng.normal(size=(batch, capacity)), jnp.float32),
        jnp.asarray(rng.normal(size=(batch, neurons)), jnp.float32),
    )
    settings: dict[str, Any] = dict(duration=duration, delay=_DELAY, capacity=capacity)
    on_cpu = jax.device_put((params, events, *cotangents), jax.devices("cpu")[0])
    expected = looked_at(on_cpu, "numba", settings)
    network = {"inputs": inputs, "neurons": neurons, "recurrent": recurrent, "shared": shared}
    return [
        network | {"engine": engine} | differences(
            looked_at((params, events, *cotangents), engine, settings), expected
        )
        for engine in engines()
    ]  # fmt: skip


def looked_at(arguments: Any, engine: str, settings: dict[str, Any]) -> tuple[Events, LIFParams]:
    """Spikes, and the gradient of a random linear function of their times and counts."""

    def value(params: LIFParams, events: Events, of_times: Array, of_counts: Array) -> tuple[Array, Events]:
        spikes, counts = lif_layer_with_counts(params, events, **settings, engine=engine)
        times = jnp.where(spikes.valid, spikes.times * of_times, 0)
        return jnp.sum(times) + jnp.sum(counts * of_counts), spikes

    gradient, spikes = jax.jit(jax.grad(value, has_aux=True))(*arguments)
    return jax.tree.map(np.asarray, spikes), jax.tree.map(np.asarray, gradient)


def differences(found: tuple[Events, LIFParams], expected: tuple[Events, LIFParams]) -> dict[str, Any]:
    """What differs between two engines; errors of the gradient are over its largest entry, by parameter."""
    (spikes, gradient), (other, reference) = found, expected
    same = spikes.count == other.count
    apart, swapped = 0.0, 0
    for b in np.flatnonzero(same):
        n = int(other.count[b])
        orders = [np.lexsort((x.times[b, :n], x.units[b, :n])) for x in (spikes, other)]  # by neuron, then by time
        units, times = (
            [getattr(x, name)[b, :n][order] for x, order in zip((spikes, other), orders, strict=True)]
            for name in ("units", "times")
        )
        same[b] = np.array_equal(*units)
        if same[b] and n:
            apart = max(apart, float(np.abs(times[0] - times[1]).max()))
            swapped += int(np.count_nonzero(spikes.units[b, :n] != other.units[b, :n]))
    errors = {
        name: float(np.abs(x - y).max() / np.abs(y).max())
        for (name, x), y in zip(named_leaves(gradient).items(), named_leaves(reference).values(), strict=True)
        if np.any(y)
    }
    return {
        "spikes": int(np.sum(other.count)), "samples": len(same), "samples_with_other_spikes": int(np.sum(~same)),
        "spikes_in_other_order": swapped, "largest_time_difference_s": apart, "gradient_errors": errors,
        "comparable": bool(same.all()) and apart < _RELEVANT,
    }  # fmt: skip
