"""BPTT as a ``lax.scan`` whose reverse pass is left to automatic differentiation, in the forms that users write.

The input is binned beforehand, as is usual with it; its type is that of the scan. In a narrower one, what is added up
over all steps is in single precision: a count beyond 256 would be lost in bfloat16.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gradlab.methods import BPTT
from gradlab.networks.losses import Labels
from gradlab.networks.params import NetworkParams, Output
from gradlab.training.objective import Objective
from solvers.bptt import time_grid
from solvers.reference import bptt_scan, scan_step
from solvers.reference.scan import Product

Grid = Float[Array, "steps batch inputs"]
_SUMS = jnp.float32


def by_layer(
    objective: Objective, trained: NetworkParams, constant: NetworkParams, grid: Grid, labels: Labels
) -> Float[Array, ""]:
    """The loss with ``solvers.reference.bptt_scan``: one scan a layer, and one of the readout."""
    layers, readout = _params(trained, constant, grid)
    settings, (times, lags), observer = _of_scan(objective, readout, grid)
    fired = bptt_scan(layers, grid, **settings)
    look = lambda seen, inputs: (observer.step(seen, *inputs), None)  # noqa: E731
    _, size, neurons = fired[-1].shape
    wide = [spikes.astype(_SUMS) for spikes in fired]
    seen, _ = jax.lax.scan(look, observer.init(size, neurons, _SUMS), (wide[-1], times, lags))
    return _loss(objective, readout, seen, tuple(spikes.sum(0) for spikes in wide), labels)


def whole(
    objective: Objective, trained: NetworkParams, constant: NetworkParams, grid: Grid, labels: Labels,
    product: Product = jnp.matmul,
) -> Float[Array, ""]:  # fmt: skip
    """The loss by one scan with projections, neurons, readout and spike counts inside.

    Args:
        objective: loss and network.
        trained: parameters.
        constant: the others.
        grid: input.
        labels: of the samples.
        product: of spikes of hidden neurons and weights.
    """
    layers, readout = _params(trained, constant, grid)
    settings, clock, observer = _of_scan(objective, readout, grid)
    size = grid.shape[1]
    starts, steps = zip(*(scan_step(layer, size, product=product, **settings) for layer in layers), strict=True)
    products = jnp.matmul, *(product for _ in layers[1:])  # the input may have several spikes at a point

    def step(state: Any, inputs: Any) -> tuple[Any, None]:
        states, seen, counts = state
        arriving, *moment = inputs
        after, fired = [], []
        for layer, one, before, times in zip(layers, steps, states, products, strict=True):
            now, arriving = one(before, times(arriving, layer.w_in))
            after.append(now)
            fired.append(arriving.astype(_SUMS))
        counts = tuple(count + spikes for count, spikes in zip(counts, fired, strict=True))
        return (tuple(after), observer.step(seen, fired[-1], *moment), counts), None

    nothing = tuple(jnp.zeros((size, layer.neurons), _SUMS) for layer in layers)
    start = starts, observer.init(size, layers[-1].neurons, _SUMS), nothing
    (_, seen, counts), _ = jax.lax.scan(step, start, (grid, *clock))
    return _loss(objective, readout, seen, counts, labels)


@jax.custom_vjp
def packed(spikes: Float[Array, "batch pre"], w: Float[Array, "pre post"]) -> Float[Array, "batch post"]:
    """``spikes @ w``, for whose reverse pass the spikes are kept as bits."""
    return spikes @ w


def _packed_forward(spikes: Array, w: Array) -> tuple[Array, tuple[Array, Array]]:
    return spikes @ w, (jnp.packbits(spikes != 0, axis=-1), w)


def _packed_backward(kept: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
    bits, w = kept
    spikes = jnp.unpackbits(bits, axis=-1, count=len(w)).astype(cotangent.dtype)
    return cotangent @ w.T, spikes.T @ cotangent


packed.defvjp(_packed_forward, _packed_backward)

SCANS: Mapping[str, Callable[..., Float[Array, ""]]] = {
    "by layer": by_layer,
    "whole": whole,
    "packed": partial(whole, product=packed),
}


def _params(trained: NetworkParams, constant: NetworkParams, grid: Grid) -> tuple[Any, Any]:
    """Layers, in the type of the input, and the readout."""
    params = eqx.combine(trained, constant)
    return jax.tree.map(lambda x: x.astype(grid.dtype), params.layers), params.readout


def _of_scan(objective: Objective, readout: Any, grid: Grid) -> tuple[dict[str, Any], tuple[Array, Array], Any]:
    """Settings of the scan, times and lengths of the steps, and what looks at the spikes."""
    network, method = objective.network, objective.method
    assert isinstance(method, BPTT)
    times = time_grid(network.duration, method.dt, network.delay)
    settings = dict(dt=method.dt, delay=times.delay, surrogate=method.surrogate, reset_gradient=method.reset_gradient)
    clock = times.clock(jnp.arange(len(grid)), _SUMS)
    return settings, clock, network.readout.observer(readout, network.duration)


def _loss(objective: Objective, readout: Any, seen: Any, counts: tuple[Array, ...], labels: Labels) -> Any:
    """Of what was seen and counted."""
    logits = objective.network.readout.from_state(readout, seen, objective.network.duration)
    largest = jnp.stack([count.sum(1).max() for count in counts])
    return objective.loss(Output(logits, counts, largest), labels)
