"""The oracles themselves, against a general-purpose solver of differential equations and against differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from small_layers import draw_layer

from solvers.events import pad_events
from solvers.reference import implicit_gradient, simulate

DURATION, INPUTS, NEURONS = 40e-3, 4, 3

pytestmark = pytest.mark.usefixtures("float64")


def some_network(seed, w_rec=True):
    rng = np.random.default_rng(seed)
    params = draw_layer(rng, INPUTS, NEURONS, (1.2, 0.8), (0, 0.5) if w_rec else None)
    times = rng.uniform(1e-3, 0.9 * DURATION, 20)
    times[5:7] = times[4]
    return params, jax.tree.map(lambda x: x[0], pad_events([(times, rng.integers(0, INPUTS, 20))], capacity=23))


def by_general_solver(params, events, delay):
    """Spikes by stepping an ODE solver from one arrival or threshold crossing to the next."""
    p = jax.tree.map(np.asarray, params)
    n = p.neurons
    arrivals = [(float(t), p.w_in[u]) for t, u in zip(events.times, events.units, strict=True) if u >= 0]
    right = lambda t, y: np.concatenate([(y[n:] - y[:n]) / p.tau_mem, -y[n:] / p.tau_syn])  # noqa: E731

    def reached(k):
        event = lambda t, y: y[k] - p.threshold[k]  # noqa: E731
        event.terminal, event.direction = True, 1
        return event

    now, y, spikes = 0.0, np.zeros(2 * n), []
    while now < DURATION:
        end = min([t for t, _ in arrivals] + [DURATION])
        if end > now:
            part = solve_ivp(
                right, (now, end), y, "DOP853", events=[reached(k) for k in range(n)], rtol=1e-11, atol=1e-12,
                max_step=5e-4,
            )  # fmt: skip
            now, y = part.t[-1], part.y[:, -1]
            if part.status == 1:
                (k,) = [k for k in range(n) if len(part.t_events[k])]
                y[k] = p.reset[k]
                spikes.append((now, k))
                arrivals += [(now + delay, p.w_rec[k])] if p.w_rec is not None else []
                if delay > 0:
                    continue
        y[n:] += sum(w for t, w in arrivals if t <= now)
        arrivals = [(t, w) for t, w in arrivals if t > now]
    return np.array([t for t, _ in spikes]), np.array([k for _, k in spikes])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("delay", [0.0, 1e-3, 5e-3])
def test_spikes_equal_those_of_a_general_solver(seed, delay):
    params, events = some_network(seed)
    spikes = simulate(params, events, duration=DURATION, delay=delay)
    times, units = by_general_solver(params, events, delay)
    assert len(times) >= 4
    np.testing.assert_array_equal(spikes.units, units)
    np.testing.assert_allclose(spikes.times, times, rtol=0, atol=1e-9)
    assert spikes.count == spikes.capacity == len(times)


def test_silence():
    params, events = some_network(0)
    spikes = simulate(params._replace(w_in=-jnp.abs(params.w_in)), events, duration=DURATION, delay=1e-3)
    assert spikes.count == 0 and spikes.capacity == 1 and np.isinf(spikes.times).all()


def slope(score, x, direction, step):
    """Central difference of fourth order."""
    return np.dot([1, -8, 8, -1], [score(x + k * step * direction) for k in (-2, -1, 1, 2)]) / (12 * step)


@pytest.mark.parametrize(("delay", "w_rec"), [(1e-3, True), (0.0, True), (1e-3, False)])
def test_implicit_gradient_equals_differences_of_the_simulation(delay, w_rec):
    params, events = some_network(1, w_rec)
    spikes = simulate(params, events, duration=DURATION, delay=delay)
    weights = np.random.default_rng(0).normal(size=spikes.capacity)
    gradient, by_times = implicit_gradient(params, events, spikes, weights, delay=delay)

    def score(params, events=events):
        moved = simulate(params, events, duration=DURATION, delay=delay)
        np.testing.assert_array_equal(moved.units, spikes.units)
        return np.dot(weights, moved.times)

    rng = np.random.default_rng(1)
    for name, value in params._asdict().items():
        if value is None:
            assert getattr(gradient, name) is None
            continue
        step = 1e-7 if name.startswith("tau") else 1e-5
        direction = rng.normal(size=value.shape)
        expected = slope(lambda x, name=name: score(params._replace(**{name: x})), value, direction, step)
        np.testing.assert_allclose(np.sum(getattr(gradient, name) * direction), expected, rtol=1e-7, err_msg=name)

    def in_order(times):
        order = jnp.argsort(times)
        return score(params, events._replace(times=times[order], units=events.units[order]))

    direction = np.where(events.valid, rng.normal(size=events.capacity), 0)
    expected = slope(in_order, jnp.where(events.valid, events.times, 1.0), direction, 1e-7)
    np.testing.assert_allclose(np.sum(by_times * direction), expected, rtol=1e-7)
    np.testing.assert_array_equal(by_times[~np.asarray(events.valid)], 0)
