"""The time grid, and times that do not make one."""

import jax.numpy as jnp
import numpy as np
import pytest

from solvers.bptt import lif_layer, time_grid
from solvers.bptt.grid import bin_events
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
        (1000.0, 1e-3, 1e-3, 1_000_001, 1),
        (65536.0, 1e-3, 1e-3, 65_536_001, 1),
        (65535.9991, 1e-3, 1e-3, 65_536_001, 1),
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


@pytest.mark.parametrize(("duration", "dt"), [(1000.0, 1e-3), (65536.0, 1e-3), (65536.0, 0.01), (65536.0, 0.3)])
def test_events_go_to_the_nearest_point_at_any_time(duration, dt):
    times = np.sort(np.random.default_rng(0).integers(0, int(duration * 2**7), 500)) / 2**7  # which float32 has
    events = pad_events([(times, np.zeros(500, int))], dtype=np.float32)
    step = np.int64(bin_events(events, time_grid(duration, dt, dt)).step[0])
    assert (np.abs(step - times / dt) <= 0.5 + 1e-6).all()


@pytest.mark.parametrize("dt", [1e-3, 0.3])
def test_times_of_grid_points_are_the_nearest_numbers_in_long_recordings(dt):
    grid = time_grid(65536.0, dt, dt)
    points = np.random.default_rng(0).integers(0, grid.steps - 1, 2000, np.int32)
    times, _ = grid.clock(jnp.asarray(points), jnp.float32)
    np.testing.assert_array_equal(times, np.float32(points * dt))


def test_a_long_recording_on_a_coarse_grid():
    duration, dt = 65536.0, 0.3
    events = pad_events([(np.array([65530.1171875, 65535.1953125]), np.array([0, 1]))], dtype=np.float32)
    params = lif_params(10 * np.eye(2, dtype=np.float32), tau_mem=0.5, tau_syn=0.4)
    spikes = lif_layer(params, events, duration=duration, dt=dt, delay=0.0, surrogate=Surrogate())
    first = np.round(np.array([65530.1171875, 65535.1953125]) / dt) + 1  # the current acts on the next step
    np.testing.assert_array_equal(np.argmax(spikes[0], axis=0), first)
