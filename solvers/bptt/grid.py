"""The time grid: its points, its segments, and the input spikes of a segment."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from ..checks import varying_alike
from ..events import Events
from ..fields import NotNegative, Positive, check_fields
from ..times import MOST_STEPS, grid_time, is_fine, nearest_step

# Errors within which a number of steps passes for whole, as times in seconds are rounded: relative, and of a step.
_WHOLE_WITHIN, _WHOLE_WITHIN_STEP = 1e-6, 1e-3
_CHUNK = 64  # events of a sample binned at once


class Grid(NamedTuple):
    """The time grid: points ``n dt`` for ``n = 0 .. steps - 1``.

    If the trial is no whole number of steps, the neurons take the last one whole; for an observer the trial's end cuts
    it short, and what happens at the last point happens at the end of the trial.

    Attributes:
        dt: step [s].
        steps: number of grid points.
        delay: recurrent transmission delay in steps.
        duration: of the trial [s].
    """

    dt: float
    steps: int
    delay: int
    duration: float

    @property
    def segment(self) -> int:
        """Steps in a segment: half the square root of all, about the optimum of time and memory, in whole delays."""
        block = max(self.delay, 1)
        return math.ceil(math.sqrt(self.steps) / 2 / block) * block

    def clock(
        self, points: Int[Array, " points"], dtype: Any
    ) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
        """What an observer is told of grid points: their times, and the length of the steps that end there [s].

        Made from whole numbers: no sum of steps is rounded, and no time but that of the last point reaches the end.
        """
        last, left = self.steps - 1, self.duration - (self.steps - 2) * self.dt
        fine = is_fine(dtype, self.duration)
        times = points * self.dt if fine else grid_time(points, self.dt, dtype).high
        times = jnp.where(points < last, times, self.duration)
        lags = jnp.where(points == 0, 0.0, jnp.where(points < last, self.dt, left))
        return times.astype(dtype), lags.astype(dtype)


@dataclass(frozen=True)
class _Times:
    duration: NotNegative
    dt: Positive
    delay: NotNegative

    def __post_init__(self) -> None:
        check_fields(self)


def time_grid(duration: float, dt: float, delay: float) -> Grid:
    """The grid from 0 to ``duration``, rounded up to a whole number of steps.

    Args:
        duration: [s], >= 0.
        dt: step [s], > 0.
        delay: recurrent transmission delay [s], a whole number of steps.

    Raises:
        ValueError: if one of them is out of range, the steps are too many, or the delay is no whole number of them.
    """
    times = _Times(duration, dt, delay)
    duration, dt, delay = times.duration, times.dt, times.delay
    for name, value in (("duration", duration), ("delay", delay)):
        if value / dt >= MOST_STEPS:
            raise ValueError(
                f"{name} is {value:g} s, that is {value / dt:.3g} steps of dt = {dt:g} s, expected less than "
                f"{MOST_STEPS}: raise dt or lower {name}"
            )
    delay_steps = whole_steps("delay", delay, dt)
    steps = duration / dt
    return Grid(dt, math.ceil(steps - min(_WHOLE_WITHIN * steps, _WHOLE_WITHIN_STEP)) + 1, delay_steps, duration)


def whole_steps(name: str, lag: float, dt: float, least: int = 0) -> int:
    """How many steps a lag is.

    Args:
        name: of the lag, for the error.
        lag: [s].
        dt: step [s].
        least: number of steps.

    Raises:
        ValueError: if it is no whole number of steps.
    """
    steps = round(lag / dt)
    if abs(lag / dt - steps) > _WHOLE_WITHIN * max(steps, 1):
        raise ValueError(
            f"{name} is {lag:g} s, that is {lag / dt:g} steps of dt = {dt:g} s, expected a whole number of steps: "
            f"set {name} to {max(steps, least) * dt:g} s or choose a dt that divides it"
        )
    return steps


class Binned(NamedTuple):
    """Input events on the grid, and where in them each segment begins and ends.

    Attributes:
        step: grid point of each event, ascending.
        units: index of its unit.
        firsts: first grid point of each segment.
        windows: for each segment the range of its events in every sample.
    """

    step: Int[Array, "batch capacity"]
    units: Int[Array, "batch capacity"]
    firsts: Int[Array, " segments"]
    windows: Int[Array, "segments ends=2 batch"]


def bin_events(events: Events, grid: Grid) -> Binned:
    """Each event at the nearest grid point; those beyond the last belong to no segment."""
    firsts = grid.segment * jnp.arange(math.ceil(grid.steps / grid.segment))
    step = nearest_step(jnp.where(events.valid, events.times, jnp.inf), grid.dt, grid.steps * grid.dt)
    step = jnp.where(step < grid.steps, step, MOST_STEPS)
    find = jax.vmap(jnp.searchsorted, (0, None), 1)
    windows = jnp.stack([find(step, firsts), find(step, firsts + grid.segment)], 1)
    return Binned(step, events.units, firsts, windows)


def segment_input(
    binned: Binned,
    window: Int[Array, "ends=2 batch"],
    first: Int[Array, ""],
    shape: tuple[int, int, int],
    dtype: Any,
) -> Float[Array, "steps batch units"]:
    """Input spike counts of the segment from grid point ``first`` on: of each sample, the events inside ``window``.

    Binned segment by segment, because a grid of the whole input would outweigh all else that is kept. Segments hold
    different numbers of events, so these are taken in chunks until none is left.
    """
    steps, batch, _ = shape
    (start, stop), samples = window[..., None], jnp.arange(batch)[:, None]

    def add(chunk: Array, grid: Array) -> Array:
        index = start + chunk * _CHUNK + jnp.arange(_CHUNK)
        row = jnp.take_along_axis(binned.step, index, 1, mode="clip") - first
        unit = jnp.take_along_axis(binned.units, index, 1, mode="clip")
        return grid.at[jnp.where(index < stop, row, steps), samples, unit].add(1, mode="drop")

    chunks = -(-jnp.max(stop - start, initial=0) // _CHUNK)
    counts: Array = lax.fori_loop(0, chunks, add, varying_alike(jnp.zeros(shape, dtype), binned))
    return counts
