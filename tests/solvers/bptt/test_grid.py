"""The time grid, and times that do not make one."""

import numpy as np
import pytest

from solvers.bptt import lif_layer, time_grid
from solvers.events import pad_events
from solvers.neurons.lif import lif_params
from solvers.surrogates import Surrogate


@pytest.mark.parametrize(
    ("duration", "dt", "delay", "steps", "delay_steps"),
    [
        (1.0, 1e-3, 1e-3, 1001, 1),
        (0.3, 0.1, 0.0, 4, 0),
        (0.35, 0.1, 0.3, 5, 3),
        (1.4, 1e-4, 1e-3, 14001, 10),
        (0.0, 1.0, 0.0, 1, 0),
    ],
)
def test_time_grid(duration, dt, delay, steps, delay_steps):
    grid = time_grid(duration, dt, delay)
    assert (grid.steps, grid.delay) == (steps, delay_steps)
    assert grid.segment % max(delay_steps, 1) == 0 and grid.segment > 0


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (dict(delay=1.5e-3), r"delay is 0.0015 s, that is 1.5 steps .* set delay to 0.002 s or choose a dt"),
        (dict(delay=1e-4), "expected a whole number of steps: set delay to 0 s"),
        (dict(delay=-1e-3), "delay is -0.001, expected a finite number >= 0"),
        (dict(dt=0.0), "dt is 0, expected a finite number > 0"),
        (dict(dt=float("nan")), "dt is nan, expected"),
        (dict(duration=float("inf")), "duration is inf, expected"),
    ],
)
def test_impossible_times(times, message):
    usual = dict(duration=0.05, dt=1e-3, delay=2e-3)
    events = pad_events([(np.array([1e-3]), np.array([0]))])
    with pytest.raises(ValueError, match=message):
        lif_layer(lif_params(np.ones((1, 2))), events, surrogate=Surrogate(), **usual | times)
