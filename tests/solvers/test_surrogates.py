import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.surrogates import SURROGATES, Surrogate, spike

AREAS = {
    "superspike": lambda slope: 2 / slope,
    "sigmoid": lambda slope: 4 / slope,
    "triangle": lambda slope: 1 / slope,
    "gaussian": lambda slope: math.sqrt(2 * math.pi) / slope,
    "arctan": lambda slope: math.pi / slope,
    "boxcar": lambda slope: 1 / slope,
}

pytestmark = pytest.mark.usefixtures("float64")


def test_every_surrogate_has_a_documented_area():
    assert set(AREAS) == set(SURROGATES)


@pytest.mark.parametrize("slope", [0.5, 10.0])
@pytest.mark.parametrize("name", SURROGATES)
def test_peak_and_area(name, slope):
    # x = sinh(u) spreads the points so that the slowly falling tails are covered.
    u = np.linspace(-14, 14, 400_001)
    h = np.asarray(SURROGATES[name](jnp.asarray(np.sinh(u)), slope))
    assert SURROGATES[name](jnp.zeros(()), slope) == 1
    assert h.max() == pytest.approx(1, abs=1e-12)
    assert np.trapezoid(h * np.cosh(u), u) == pytest.approx(AREAS[name](slope), rel=1e-3)


@pytest.mark.parametrize("name", SURROGATES)
def test_symmetric_and_falling(name):
    x = jnp.linspace(0, 3, 301)
    h = SURROGATES[name](x, 4.0)
    np.testing.assert_allclose(h, SURROGATES[name](-x, 4.0), rtol=1e-15)
    assert np.all(np.diff(h) <= 0) and np.all(h >= 0)


@pytest.mark.parametrize("name", SURROGATES)
def test_derivative_of_a_spike_is_the_surrogate(name):
    surrogate = Surrogate(name, slope=3.0, scale=0.7)
    x = jnp.linspace(-0.5, 0.5, 11)
    gradient = jax.vmap(jax.grad(lambda x: spike(x, surrogate)))(x)
    np.testing.assert_allclose(gradient, 0.7 * SURROGATES[name](x, 3.0), rtol=1e-15)
    np.testing.assert_allclose(gradient, jax.jacfwd(lambda x: spike(x, surrogate))(x).diagonal(), rtol=1e-15)


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_forward_is_a_step_that_is_1_at_the_threshold(name, dtype):
    x = jnp.asarray([-1e30, -1.0, -1e-30, 0.0, 1e-30, 1.0, 1e30], dtype)
    value, gradient = jax.vmap(jax.value_and_grad(lambda x: spike(x, Surrogate(name))))(x)
    np.testing.assert_array_equal(value, [0, 0, 0, 1, 1, 1, 1])
    assert value.dtype == gradient.dtype == dtype
    assert np.all(np.isfinite(gradient))


def test_scale_zero_is_the_true_derivative():
    assert jax.grad(lambda x: spike(x, Surrogate(scale=0.0)))(jnp.zeros(())) == 0


def test_is_a_static_argument():
    traces = []

    @jax.jit
    def run(x):
        traces.append(x)
        return spike(x, Surrogate())

    run(jnp.ones(3))
    run(jnp.zeros(3))
    assert len(traces) == 1
    assert hash(Surrogate("sigmoid", 5.0)) == hash(Surrogate("sigmoid", 5.0, 1.0))


def test_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match="'sigmoyd'.*superspike, sigmoid, triangle"):
        Surrogate("sigmoyd")


@pytest.mark.parametrize("slope", [0.0, -1.0, math.inf, math.nan])
def test_impossible_slope(slope):
    with pytest.raises(ValueError, match="slope is .* expected a finite number > 0"):
        Surrogate(slope=slope)


@pytest.mark.parametrize("scale", [-1.0, math.nan])
def test_impossible_scale(scale):
    with pytest.raises(ValueError, match="scale is .* expected a finite number >= 0"):
        Surrogate(scale=scale)
