"""The layer on a time grid in the shape of call of the event-driven one: from parameters and events to events."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..checks import batch_shapes, checked, reverse_mode
from ..checks.findings import Finding, values, wrong_samples
from ..events import Events, GridEvents, ghost_of, to_grid
from ..neurons import Parameters
from ..own_rules import own_rules
from ..surrogates import AnySurrogate, as_surrogate
from .delayed import require_delays, run_layer
from .grid import Grid, time_grid
from .simulate import Settings


@own_rules()
def event_layer(
    params: Parameters,
    events: Events,
    *,
    duration: float,
    dt: float,
    delay: float = 1e-3,
    surrogate: AnySurrogate,
    reset_gradient: bool = True,
) -> GridEvents:
    """Spikes of a layer of neurons on a time grid, with surrogate gradients; composes as ``eventprop.lif_layer`` does.

    The events that are returned are all points of the grid, with amplitudes 1 of spikes and 0 of the others, which pass
    the surrogate gradients; ``solvers.events.unit_sums`` reads them, ``without_ghosts`` gives the spikes alone. Times
    have no gradient here. All steps are kept: three numbers for each neuron and step.

    Args:
        params: as for ``simulate``, with delays of channels and neurons, or none.
        events: of one sample ``[capacity]`` or of a batch ``[batch, capacity]``, in order of time.
        duration: as for ``simulate``.
        dt: likewise.
        delay: likewise.
        surrogate: likewise.
        reset_gradient: likewise.

    Raises:
        TypeError: if something is of another type.
        ValueError: as ``simulate``, and for events of another grid.
    """
    grid = time_grid(duration, dt, delay)
    settings = Settings(as_surrogate(surrogate), reset_gradient, False)
    batch_shapes(events, single=True)
    single = events.times.ndim == 1
    if single:
        events = jax.tree.map(lambda x: x[None], events)
    require_delays(params)
    (params,), found, wrong = checked([params], events, grid.dt * grid.steps)
    spikes = _on_grid(events, found, params.w_in.shape[0], grid)
    given = jnp.moveaxis(spikes, 1, 0).astype(params.w_in.dtype)
    with reverse_mode():
        fired = run_layer(params, given, grid, settings.rule(grid))
    result = _as_events(jnp.moveaxis(fired, 0, 1), grid)
    lost = wrong | found.overflowed
    result = result._replace(
        times=jnp.where(lost[:, None], jnp.nan, result.times),
        count=jnp.where(lost, result.capacity + 1, result.count),
    )
    return jax.tree.map(lambda x: x[0], result) if single else result


def _on_grid(given: Events, checked_events: Events, units: int, grid: Grid) -> Float[Array, "batch steps units"]:
    if not isinstance(given, GridEvents):
        return to_grid(checked_events, units, grid.steps, grid.dt)
    other = f"events are those of another time grid, expected {grid.steps} steps of {grid.dt:g} s: use one for all"
    if given.capacity != grid.steps * units:
        raise ValueError(other)
    points = values(given.points(units))
    # Where there was no room for events there is no time to look at.
    lag = abs(points[:, 1:2] - grid.dt) > 0.1 * grid.dt
    wrong_samples([Finding(other, lag.any(1))], len(points))
    return given.spikes(units)


def _as_events(fired: Float[Array, "batch steps neurons"], grid: Grid) -> GridEvents:
    """Spikes and ghosts of all points, in order of time."""
    batch, steps, neurons = fired.shape
    times, _ = grid.clock(jnp.arange(steps), fired.dtype)
    units = jnp.arange(neurons, dtype=jnp.int32)
    units = jnp.where(fired > 0, units, ghost_of(units))
    return GridEvents(
        jnp.broadcast_to(jnp.repeat(times, neurons), (batch, steps * neurons)),
        units.reshape(batch, -1),
        jnp.full(batch, steps * neurons, jnp.int32),
        fired.reshape(batch, -1),
    )
