"""How far the network on a time grid is from the event-driven one, and how that shrinks with the step.

Only forward quantities are compared: a surrogate gradient does not converge to the exact one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from solvers.bptt import lif_layer
from solvers.events import Events
from solvers.surrogates import Surrogate

from ..methods import BPTT
from ..networks.losses import Labels, cross_entropy
from ..networks.network import Network
from ..networks.params import NetworkParams, Output


class GridErrors(NamedTuple):
    """Errors of a simulation on a grid.

    Attributes:
        spike_times_s: mean distance of a spike from its twin [s], see ``spike_time_error``.
        equal_counts: share of the active neurons that emit the same number of spikes.
        logits: mean absolute error, relative to the mean absolute value.
        loss: mean absolute error of a sample's cross-entropy, relative to the mean loss.
    """

    spike_times_s: float
    equal_counts: float
    logits: float
    loss: float


def grid_errors(
    network: Network, params: NetworkParams, events: Events, labels: Labels, exact: Output, dt: float
) -> GridErrors:
    """Errors of a step ``dt`` against the event-driven solution; use double precision.

    Args:
        network: with one hidden layer, its delay a whole number of steps.
        params: of the network.
        events: input spikes ``[batch, capacity]``.
        labels: classes.
        exact: what the event-driven simulator gives, with room for all spikes.
        dt: step [s].

    Raises:
        ValueError: for several hidden layers, or a step that does not divide the delay.
    """
    if len(params.layers) != 1:
        raise ValueError(f"the network has {len(params.layers)} hidden layers, expected one")
    on_grid = BPTT(dt).forward(network, params, events, (), jax.random.key(0))
    spikes = lif_layer(
        params.layers[0], events, duration=network.duration, dt=dt, delay=network.delay, surrogate=Surrogate()
    )
    distance, equal = spike_time_error(exact.spikes[0], spikes, dt)
    losses, exact_losses = (
        np.array([cross_entropy(logits[None], label[None]) for logits, label in zip(out.logits, labels, strict=True)])
        for out in (on_grid, exact)
    )
    return GridErrors(distance, equal, _mean_error(on_grid.logits, exact.logits), _mean_error(losses, exact_losses))


def spike_time_error(
    exact: Events, spikes: Float[Array | np.ndarray, "batch steps neurons"], dt: float
) -> tuple[float, float]:
    """Distance in time between the k-th spikes of a neuron, where both solutions have equally many.

    Args:
        exact: spikes of a layer in continuous time, a batch.
        spikes: those on the grid, 0 or 1 at each point ``n dt``.
        dt: step [s].

    Returns:
        Mean absolute distance [s], over the spikes of all neurons with equal counts (NaN without any); and the share
        of neurons with equal counts, among those that spike in either solution, over all samples.
    """
    distances, compared, active = [], 0, 0
    for row, on_grid in enumerate(np.asarray(spikes) > 0):
        used = slice(int(exact.count[row]))
        times, units = np.asarray(exact.times[row])[used], np.asarray(exact.units[row])[used]
        order = np.lexsort((times, units))
        grid_units, steps = np.nonzero(on_grid.T)  # ordered by neuron, then by time, as the exact ones now are
        counts, grid_counts = np.bincount(units, minlength=on_grid.shape[1]), on_grid.sum(0)
        same = counts == grid_counts
        distances.append(np.abs(times[order][same[units[order]]] - dt * steps[same[grid_units]]))
        compared += int(np.count_nonzero(same & (counts > 0)))
        active += int(np.count_nonzero((counts > 0) | (grid_counts > 0)))
    found = np.concatenate(distances)
    return float(found.mean()) if found.size else float("nan"), compared / max(active, 1)


def fitted_order(steps: Sequence[float] | np.ndarray, errors: Sequence[float] | np.ndarray) -> float:
    """Slope of a straight line through ``log error`` over ``log step``, by least squares.

    Args:
        steps: of the grid [s].
        errors: at each step; those that are not positive are left out.

    Returns:
        The order of convergence; NaN with fewer than two errors.
    """
    x, y = np.asarray(steps, np.float64), np.asarray(errors, np.float64)
    usable = y > 0
    return float(np.polyfit(np.log(x[usable]), np.log(y[usable]), 1)[0]) if usable.sum() > 1 else float("nan")


def _mean_error(value: ArrayLike, exact: ArrayLike) -> float:
    value, exact = np.asarray(value), np.asarray(exact)
    return float(np.abs(value - exact).mean() / np.abs(exact).mean())
