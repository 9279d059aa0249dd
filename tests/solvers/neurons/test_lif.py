"""The neuron's closed forms against differential equations, extended precision and brute force."""

import math
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.integrate import solve_ivp

from solvers.eventprop.engines.numba.kernels import flow as compiled
from solvers.eventprop.engines.numba.kernels.crossing import crossing, voltage
from solvers.eventprop.engines.numba.kernels.crossing import time_of_maximum as highest
from solvers.eventprop.engines.numba.kernels.series import evaluate, flow_series, terms
from solvers.neurons.lif import flow, kappa, next_crossing, phi1, time_of_maximum

TAUS = [(20e-3, 5e-3), (5e-3, 20e-3), (10e-3, 10e-3), (10e-3, 10e-3 * (1 + 1e-9)), (10e-3, 10.02e-3)]
HORIZON = 0.12  # [s]; the currents below have fallen under every threshold by then
AMBIGUOUS = 1e-10  # [voltage]; brute force cannot tell a maximum from a threshold that is this near

pytestmark = pytest.mark.usefixtures("float64")


def difference_form(u, tau_mem, tau_syn):
    """The textbook formula, and its limit where the time constants are equal; it cancels where they nearly are."""
    apart = tau_mem != tau_syn
    factor = tau_syn / np.where(apart, tau_mem - tau_syn, 1)
    unequal = factor * (np.exp(-u / tau_mem) - np.exp(-u / tau_syn))
    return np.where(apart, unequal, u / tau_mem * np.exp(-u / tau_mem))


def exact_kappa(u, tau_mem, tau_syn):
    """The same with fifty digits."""
    u, tau_mem, tau_syn = map(Decimal, map(float, (u, tau_mem, tau_syn)))
    with localcontext(prec=50):
        if tau_mem == tau_syn:
            return float(u / tau_mem * (-u / tau_mem).exp())
        return float(tau_syn / (tau_mem - tau_syn) * ((-u / tau_mem).exp() - (-u / tau_syn).exp()))


@pytest.mark.parametrize(("tau_mem", "tau_syn"), [*TAUS, (1.0, 1e-3), (1e-3, 1.0)])
def test_kappa_equals_the_difference_form(tau_mem, tau_syn):
    u = np.geomspace(1e-7, 0.5, 100)
    expected = [exact_kappa(x, tau_mem, tau_syn) for x in u]
    np.testing.assert_allclose(kappa(u, tau_mem, tau_syn), expected, rtol=1e-13)
    ours = [compiled.long_flow(x, 1 / tau_mem, 1 / tau_syn)[2] for x in u]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    short = u[u <= compiled.SHORT * min(tau_mem, tau_syn)]
    ours = [compiled.short_flow(x, 1 / tau_mem, 1 / tau_syn)[2] for x in short]
    np.testing.assert_allclose(ours, expected[: len(short)], rtol=1e-13)


@pytest.mark.parametrize(("terms", "error"), [(4, 2.5e-6), (8, 4e-14), (12, 5e-16)])
@pytest.mark.parametrize(("tau_mem", "tau_syn"), TAUS)
def test_series_equal_the_closed_forms(tau_mem, tau_syn, terms, error):
    length = compiled.SHORT * min(tau_mem, tau_syn)
    series = flow_series(length, np.array([1 / tau_mem]), np.array([1 / tau_syn]), terms)
    assert series.shape == (1, terms, 3)
    for lag in np.linspace(0, length, 11):
        ours = evaluate.py_func(series, 0, lag, length)
        expected = math.exp(-lag / tau_mem), math.exp(-lag / tau_syn), exact_kappa(lag, tau_mem, tau_syn)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=error)


@pytest.mark.parametrize(("precision", "count"), [(1e-6, 4), (1e-7, 5), (1e-15, 9)])
def test_terms_are_as_few_as_the_precision_asks_for(precision, count):
    assert terms(precision, 0.1) == count
    lags = np.linspace(0, 0.2, 101)
    for few, enough in [(count, True), (count - 1, False)]:
        series = flow_series(0.2, np.ones(1), np.ones(1), few)
        errors = [evaluate.py_func(series, 0, lag, 0.2)[0] - math.exp(-lag) for lag in lags]
        assert (np.abs(errors).max() < precision) == enough


def test_kappa_is_zero_at_once_and_much_later():
    assert kappa(0.0, 20e-3, 5e-3) == 0
    for taus in [(1e-3, 1.0), (1.0, 1e-3), (1.0, 1.0)]:
        assert kappa(1e4, *taus) == 0 == compiled.long_flow(1e4, 1 / taus[0], 1 / taus[1])[2]


@pytest.mark.parametrize(("tau_mem", "tau_syn"), TAUS)
@pytest.mark.parametrize("argument", [0, 1, 2])
def test_kappa_derivatives_equal_central_differences(tau_mem, tau_syn, argument):
    point = np.array([7e-3, tau_mem, tau_syn])
    moves = 1e-3 * point[argument] * np.eye(3)[argument]
    values = [float(kappa(*(point + k * moves))) for k in (-2, -1, 1, 2)]
    expected = np.dot([1, -8, 8, -1], values) / (12e-3 * point[argument])
    np.testing.assert_allclose(jax.grad(kappa, argument)(*point), expected, rtol=1e-9)


@pytest.mark.parametrize("z", [0.0, 1e-12, -5e-3, 0.999e-2, 1.001e-2, -3.0, 40.0])
def test_phi1_and_its_derivative(z):
    terms = [Decimal(z) ** k / math.factorial(k + 1) for k in range(160)] if z else [Decimal(1), Decimal(0)]
    series = sum(terms)
    slope = sum(k * term for k, term in enumerate(terms)) / Decimal(z) if z else Decimal(0.5)
    np.testing.assert_allclose(phi1(jnp.asarray(z)), float(series), rtol=1e-13)
    np.testing.assert_allclose(jax.grad(phi1)(z), float(slope), rtol=1e-12)


@pytest.mark.parametrize(("tau_mem", "tau_syn"), TAUS)
@pytest.mark.parametrize(("v", "i"), [(0.3, 2.0), (-1.5, 5.0), (0.9, -3.0)])
def test_flow_solves_the_differential_equation(tau_mem, tau_syn, v, i):
    right = lambda t, y: ((y[1] - y[0]) / tau_mem, -y[1] / tau_syn)  # noqa: E731
    lags = np.array([1e-4, 3e-3, 20e-3, 90e-3])
    solution = solve_ivp(right, (0, 0.1), (v, i), "DOP853", t_eval=lags, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(flow(v, i, lags, tau_mem, tau_syn), solution.y, rtol=1e-9, atol=1e-10)
    for lag, expected in zip(lags, solution.y.T, strict=True):
        decay_mem, decay_syn, k, _, _ = compiled.long_flow(lag, 1 / tau_mem, 1 / tau_syn)
        np.testing.assert_allclose((v * decay_mem + i * k, i * decay_syn), expected, rtol=1e-9, atol=1e-10)


def random_states(size, seed=0):
    """States below the threshold, a third each with tau_mem above, below and equal to tau_syn."""
    rng = np.random.default_rng(seed)
    tau_mem, tau_syn = rng.uniform(1e-3, 40e-3, (2, size))
    kind = np.arange(size) % 3
    high, low = np.maximum(tau_mem, 1.02 * tau_syn), np.minimum(tau_mem, tau_syn)
    tau_mem, tau_syn = np.where(kind == 1, low, high), np.where(kind == 2, high, np.where(kind == 1, high, low))
    threshold = rng.uniform(0.5, 1.5, size)
    v = rng.uniform(-2, np.minimum(1, threshold))
    return v, rng.uniform(-1, 6, size), tau_mem, tau_syn, threshold


def brute_force_peak(v, i, tau_mem, tau_syn):
    """Largest voltage from now on, by grids each much finer than the one before."""

    def voltage(u):
        return v[:, None] * np.exp(-u / tau_mem[:, None]) + i[:, None] * difference_form(
            u, tau_mem[:, None], tau_syn[:, None]
        )

    centre, width = np.full(len(v), HORIZON / 2), HORIZON / 2
    for points in (401, 101, 101, 101):
        u = np.clip(centre[:, None] + width * np.linspace(-1, 1, points), 0, None)
        values = voltage(u)
        centre = np.take_along_axis(u, values.argmax(1)[:, None], 1)[:, 0]
        width *= 3 / points
    return values.max(1)


def near_tangent(states, peak):
    """The same states with the threshold just below or above the maximum."""
    v, i, tau_mem, tau_syn, _ = states
    rng = np.random.default_rng(1)
    distance = rng.choice([-1, 1], len(v)) * 10 ** rng.uniform(-9, -3, len(v))
    usable = (peak > v + 1e-2) & (peak > 0.1)
    return tuple(x[usable] for x in (v, i, tau_mem, tau_syn, peak - distance)), peak[usable]


@pytest.fixture(scope="module")
def states():
    """10 000 random states, 2000 of which once more with a threshold near the maximum; and the maxima."""
    plain = random_states(10_000)
    peak = brute_force_peak(*plain[:4])
    tangent, tangent_peak = near_tangent(tuple(x[:2000] for x in plain), peak[:2000])
    return tuple(map(np.concatenate, zip(plain, tangent, strict=True))), np.concatenate([peak, tangent_peak])


@njit
def next_compiled_crossing(v, i, within, tau_mem, tau_syn, threshold):
    """As the event-driven layer looks for it: stretch by stretch."""
    reach = compiled.SHORT * min(tau_mem, tau_syn)
    series = flow_series(reach, np.array([1 / tau_mem]), np.array([1 / tau_syn]), 12)
    passed = 0.0
    while passed < within:
        stretch = min(reach, within - passed)
        v_end, i_end = voltage(v, i, stretch, series, 0, reach)
        if v_end >= threshold or (i_end < v_end and v + stretch * (i - v) / tau_mem >= threshold):
            lag = crossing(v, i, stretch, v_end, i_end, tau_mem, tau_syn, threshold, series, 0, reach, 1e-17)
            if lag < np.inf:
                return passed + lag
        v, i, passed = v_end, i_end, passed + stretch
    return np.inf


def compiled_crossing(v, i, tau_mem, tau_syn, threshold, within=1.0):
    return np.vectorize(next_compiled_crossing, otypes=[float])(v, i, within, tau_mem, tau_syn, threshold)


@pytest.mark.parametrize("crossing", [next_crossing, compiled_crossing])
def test_no_crossing_is_missed_and_none_is_false(states, crossing):
    (v, i, tau_mem, tau_syn, threshold), peak = states
    lag = np.asarray(crossing(v, i, tau_mem, tau_syn, threshold))
    crosses = np.isfinite(lag)
    sure = np.abs(peak - threshold) > AMBIGUOUS
    assert sure.mean() > 0.99 and 0.2 < crosses.mean() < 0.8
    np.testing.assert_array_equal(crosses[sure], (peak > threshold)[sure])

    v, i, tau_mem, tau_syn, threshold, lag = (x[crosses] for x in (v, i, tau_mem, tau_syn, threshold, lag))
    at_crossing = v * np.exp(-lag / tau_mem) + i * difference_form(lag, tau_mem, tau_syn)
    assert np.abs(at_crossing - threshold).max() <= 1e-12
    before = lag[:, None] * np.linspace(0, 0.999, 50)
    lines = v[:, None] * np.exp(-before / tau_mem[:, None]) + i[:, None] * difference_form(
        before, tau_mem[:, None], tau_syn[:, None]
    )
    assert (lines < threshold[:, None]).all()


def test_a_voltage_that_just_reaches_the_threshold_crosses_at_its_maximum():
    rng = np.random.default_rng(0)
    for _ in range(500):
        tau_mem, tau_syn, v = rng.uniform(9e-3, 22e-3), rng.uniform(3e-3, 7e-3), rng.uniform(-0.5, 0.9)
        top = lambda i: highest.py_func(v, i, tau_mem, tau_syn)  # noqa: B023, E731
        low, high = 1.0, 100.0
        while low < (middle := (low + high) / 2) < high:
            decay, _, k, _, _ = compiled.long_flow(top(middle), 1 / tau_mem, 1 / tau_syn)
            low, high = (low, middle) if v * decay + middle * k >= 1.0 else (middle, high)
        for i in (high, np.nextafter(high, 100), high * (1 + 1e-15)):
            lag = next_compiled_crossing(v, i, 0.1, tau_mem, tau_syn, 1.0)
            assert np.isinf(lag) or abs(lag - top(i)) < 1e-8


def test_both_crossings_agree(states):
    values, peak = states
    plain = np.abs(peak - values[4]) > 1e-3  # a nearly tangent crossing is ill-conditioned
    values = [x[plain] for x in values]
    np.testing.assert_allclose(compiled_crossing(*values), next_crossing(*values), rtol=1e-11, atol=1e-15)


def test_compiled_crossing_stops_at_the_end(states):
    values = [x[:10_000] for x in states[0]]
    within = np.random.default_rng(2).uniform(0, 20e-3, len(values[0]))
    lag = compiled_crossing(*values)
    cut = compiled_crossing(*values, within=within)
    inside = lag <= within
    assert 0.1 < inside.mean() < 0.9
    np.testing.assert_allclose(cut[inside], lag[inside], rtol=1e-12, atol=1e-17)
    assert np.isinf(cut[~inside]).all()


def test_voltage_at_the_threshold_crosses_now_if_it_rises():
    for level in (1.0, 1.0 + 1e-13):
        assert next_crossing(level, 2.0, 20e-3, 5e-3, 1.0) == compiled_crossing(level, 2.0, 20e-3, 5e-3, 1.0) == 0
        assert np.isinf(next_crossing(level, 0.9, 20e-3, 5e-3, 1.0))
        assert np.isinf(compiled_crossing(level, 0.9, 20e-3, 5e-3, 1.0))


tau = st.floats(1e-3, 40e-3)
finite = st.floats(-5, 5).map(lambda x: round(x, 6))


@settings(deadline=None, max_examples=50)
@given(finite, finite, st.floats(0, 0.1), st.floats(0, 0.1), tau, tau)
def test_flow_is_a_semigroup(v, i, first, second, tau_mem, tau_syn):
    at_once = flow(v, i, first + second, tau_mem, tau_syn)
    in_turn = flow(*flow(v, i, first, tau_mem, tau_syn), second, tau_mem, tau_syn)
    np.testing.assert_allclose(at_once, in_turn, rtol=1e-11, atol=1e-13)


@settings(deadline=None, max_examples=50)
@given(st.floats(-2, 0.99), st.floats(0.01, 8), tau, tau)
def test_maximum_is_stationary_and_the_largest(v, i, tau_mem, tau_syn):
    lag = float(time_of_maximum(v, i, tau_mem, tau_syn))
    value, current = flow(v, i, np.linspace(0, 0.3, 301), tau_mem, tau_syn)
    if i <= v:
        assert lag == 0
    elif np.isinf(lag):
        assert (np.diff(value) > -1e-15).all()
    else:
        at_top, current = flow(v, i, lag, tau_mem, tau_syn)
        np.testing.assert_allclose(at_top, current, rtol=1e-9, atol=1e-12)
        assert at_top >= value.max() - 1e-12
