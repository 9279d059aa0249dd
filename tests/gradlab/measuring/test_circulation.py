"""Loop integrals: of functions whose jumps are known, and of a network."""

import jax
import numpy as np
import pytest

from gradlab.measuring.circulation import Circle, Look, circulation, random_circle
from gradlab.measuring.circulation_network import draw_circulation_network
from gradlab.methods import BPTT

UNIT = Circle(np.zeros(2), np.eye(2), 1.0)


def stepped(jump):
    """``x^2 y``, and where ``x > 0.3`` a jump and ``sqrt(x - 0.3)`` more, as where a spike appears."""

    def look(point):
        x, y = point
        beyond = x > 0.3
        root = np.sqrt(x - 0.3) if beyond else 0.0
        slope = 0.5 / root if beyond else 0.0
        gradient = np.array([2 * x * y + slope, x**2])
        return Look(x**2 * y + beyond * jump + root, gradient, np.array([1.0 * beyond]), np.array([beyond]))

    return look


@pytest.mark.parametrize("jump", [0.0, 0.5])
def test_jumps_are_found_and_account_for_the_integral(jump):
    tilted = Circle(np.zeros(2), np.array([[0.6, 0.8], [-0.8, 0.6]]), 1.0)
    found = circulation(stepped(jump), tilted)
    np.testing.assert_allclose(np.sort(found.jumps), [-jump, jump], atol=1e-7)
    assert found.kinks == 0 and found.residual < 1e-7 and abs(found.integral) < 1e-6


def test_a_field_that_is_no_gradient_gives_its_curl():
    rotation = lambda point: Look(0.0, np.array([-point[1], point[0]]), np.zeros(1), np.zeros(1))  # noqa: E731
    assert circulation(rotation, UNIT).integral == pytest.approx(2 * np.pi, abs=1e-10)


def test_a_change_that_moves_no_spike_is_a_kink():
    bent = lambda point: Look(  # noqa: E731
        abs(point[0]), np.array([np.sign(point[0]), 0.0]), np.zeros(1), np.array([point[0] > 0])
    )
    found = circulation(bent, UNIT)
    assert found.kinks == 2 and not found.jumps.size and abs(found.integral) < 1e-12


def test_circles_close_and_have_their_radius():
    circle = random_circle(np.arange(5.0), 0.3, np.random.default_rng(0))
    np.testing.assert_allclose(circle.point(0), circle.point(2 * np.pi), atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(circle.point(1.0) - circle.centre), 0.3)
    step = 1e-6
    slope = (circle.point(1 + step) - circle.point(1 - step)) / (2 * step)
    np.testing.assert_allclose(circle.tangent(1.0), slope, atol=1e-9)


@pytest.fixture(scope="module")
def network():
    jax.config.update("jax_enable_x64", True)
    yield draw_circulation_network(0)
    jax.config.update("jax_enable_x64", False)


def test_eventprop_is_the_gradient_of_the_loss_up_to_its_jumps(network):
    rng = np.random.default_rng(1)
    found = [circulation(network.exact(), random_circle(network.centre, radius, rng)) for radius in (0.01, 0.01, 0.03)]
    smooth = [loop for loop in found if not loop.jumps.size]
    jumping = [loop for loop in found if loop.jumps.size]
    assert smooth and all(abs(loop.integral) < 1e-8 for loop in smooth)
    assert jumping and all(loop.residual < 1e-6 < abs(loop.jumps).max() for loop in jumping)


def test_a_surrogate_is_the_gradient_of_nothing(network):
    circle = random_circle(network.centre, 0.03, np.random.default_rng(1))
    coarse, fine = (network.work(BPTT(), points)(circle).sum() for points in (64, 128))
    assert abs(fine) > 1e-6 and abs(coarse - fine) < 0.2 * abs(fine)


def test_double_precision_is_needed():
    with jax.enable_x64(False), pytest.raises(ValueError, match="double precision"):
        draw_circulation_network(0)
