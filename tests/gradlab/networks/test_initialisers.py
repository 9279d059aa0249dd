"""Moments of the initial weights, and what they do to a membrane."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.networks.initialisers import INITIALISERS, Connection

KINDS = ("input", "hidden", "recurrent", "output", "spiking output")
RATE = 15.8  # [Hz]


def connection(kind, pre, post, **settings):
    usual = dict(copies=1, recurrent=True, arrivals=pre * RATE, unit=1.0, tau_mem=20e-3, tau_syn=10e-3, threshold=1.0)
    return Connection(kind, pre, post, **usual | settings)


def draw(name, kind, pre=400, post=300, **settings):
    weights = INITIALISERS[name](jax.random.key(1), connection(kind, pre, post, **settings), jnp.float32)
    assert weights.shape == (pre, post) and weights.dtype == jnp.float32
    return np.asarray(weights, np.float64)


def assert_moments(weights, mean, deviation):
    assert weights.mean() == pytest.approx(mean, abs=5 * deviation / weights.size**0.5)
    assert weights.std() == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("name", INITIALISERS)
@pytest.mark.parametrize("kind", KINDS)
def test_reproducible_and_from_the_key(name, kind):
    np.testing.assert_array_equal(draw(name, kind, 3, 4), draw(name, kind, 3, 4))
    other = INITIALISERS[name](jax.random.key(2), connection(kind, 3, 4), jnp.float32)
    assert np.all(draw(name, kind, 3, 4) != other)


@pytest.mark.parametrize(
    ("kind", "mean", "deviation"),
    [
        ("input", 0.03, 0.01),
        ("hidden", 0.03, 0.01),
        ("recurrent", 0, 0.02),
        ("output", 0, 0.03),
        ("spiking output", 0.03, 0.01),
    ],
)
@pytest.mark.parametrize(("threshold", "unit"), [(1.0, 1.0), (2.5, 1.0), (1.0, 8.0)])
def test_mean_driven(kind, mean, deviation, threshold, unit):
    scale = threshold * unit
    assert_moments(draw("mean-driven", kind, threshold=threshold, unit=unit), scale * mean, scale * deviation)


@pytest.mark.parametrize(
    ("kind", "mean", "deviation"),
    [("input", 0.02, 0.03), ("spiking output", 0.02, 0.03), ("recurrent", 0, 0.02), ("output", 0, 0.03)],
)
def test_mixed(kind, mean, deviation):
    assert_moments(draw("mixed", kind), mean, deviation)


@pytest.mark.parametrize(("name", "mean", "deviation"), [("mean-driven", 0.03, 0.01), ("mixed", 0.02, 0.03)])
def test_copies_of_the_input_share_its_weights(name, mean, deviation):
    assert_moments(draw(name, "input", copies=10), mean / 10, deviation / 10)


def test_fluctuation_driven_moments():
    variance = 2 * 30e-3 / (400 * RATE * 10e-3**2)  # of the weight, for a voltage of variance 1
    for kind, share in (("input", 0.9), ("hidden", 0.9), ("recurrent", 0.1), ("spiking output", 1.0)):
        assert_moments(draw("fluctuation-driven", kind), 0, (share * variance) ** 0.5)
    assert_moments(draw("fluctuation-driven", "input", recurrent=False), 0, variance**0.5)
    assert_moments(draw("fluctuation-driven", "input", arrivals=4 * 400 * RATE), 0, (0.9 * variance / 4) ** 0.5)
    assert_moments(draw("fluctuation-driven", "output"), 0, 400**-0.5)


@pytest.mark.parametrize("taus", [(20e-3, 5e-3), (10e-3, 10e-3)])
def test_fluctuation_driven_voltage_varies_by_one_threshold(taus):
    """Neurons that never spike, in closed form, with Poisson input long after its onset."""
    inputs, threshold = 200, 1.7
    settings = dict(threshold=threshold, tau_mem=taus[0], tau_syn=taus[1], recurrent=False)
    weights = draw("fluctuation-driven", "input", inputs, 500, **settings)
    rng = np.random.default_rng(0)
    tau_mem, tau_syn = taus
    voltages = []
    for _ in range(60):
        units = np.repeat(np.arange(inputs), rng.poisson(RATE * 0.3, inputs))
        ages = rng.uniform(0, 0.3, len(units))  # before now [s]
        if tau_mem == tau_syn:
            potentials = ages / tau_mem * np.exp(-ages / tau_mem)
        else:
            potentials = tau_syn / (tau_mem - tau_syn) * (np.exp(-ages / tau_mem) - np.exp(-ages / tau_syn))
        voltages.append(potentials @ weights[units])
    in_time = np.var(voltages, axis=0, ddof=1)
    assert np.sqrt(in_time.mean()) == pytest.approx(threshold, rel=0.05)
    assert abs(np.mean(voltages)) < 0.1 * threshold
