"""Central differences on functions whose derivatives are known, with and without a kink nearby."""

import numpy as np
import pytest

from gradlab.measuring.finite_differences import STEPS, central_differences, relative_error, stencil

POINT, SCALE = np.array([0.7, -1.3, 2.0]), np.array([1.0, 1.0, 2.0])


def differences(function, side=lambda points: np.zeros(len(points))):
    points = stencil(POINT, SCALE)
    np.testing.assert_array_equal(points[0], POINT)
    return central_differences(function(points), side(points), SCALE)


def test_a_smooth_function():
    found = differences(lambda x: np.sin(3 * x[:, 0]) * np.exp(x[:, 1]) + x[:, 2] ** 3)
    expected = [3 * np.cos(2.1) * np.exp(-1.3), np.sin(2.1) * np.exp(-1.3), 12.0]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_variable_without_effect_has_derivative_zero():
    found = differences(lambda x: np.exp(x[:, 0]) + 1e-16 * np.random.default_rng(0).normal(size=len(x)))
    np.testing.assert_array_equal(found[1:], 0)


@pytest.mark.parametrize(("distance", "usable"), [(3e-4, True), (3e-5, True), (3e-6, False), (0.0, False)])
def test_steps_beyond_a_change_of_the_events_are_not_used(distance, usable):
    side = lambda x: x[:, 0] > POINT[0] + distance  # noqa: E731
    found = differences(lambda x: x[:, 0] ** 2 + 7 * side(x), side)
    assert np.isfinite(found[0]) == usable
    if usable:
        np.testing.assert_allclose(found[0], 1.4, rtol=1e-8)
    np.testing.assert_array_equal(found[1:], 0)
    assert STEPS == (1e-4, 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("value", "expected", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([1.0, 2.5], [1.0, 2.0], 0.25),
        ([0.0], [0.0], 0),
        ([1e-9], [0.0], np.inf),
        ([], [], 0),
    ],
)
def test_relative_error(value, expected, error):
    assert relative_error(value, expected) == error
