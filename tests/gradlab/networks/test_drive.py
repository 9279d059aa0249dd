"""Weights, their lift and their learning rate scale with the input, and are those of SHD on SHD."""

import hashlib

import jax
import numpy as np
import pytest

from gradlab.configuration import configure
from gradlab.networks.initialisers import INITIALISERS
from gradlab.networks.network import Network
from solvers.neurons.lif import kappa

# Of the parameters that the committed records started from.
BEFORE = {"shd-200": "3bcd03b3e05c", "shd-128-het": "cddf8b341b58", "shd-256": "4b72622cb9d0", None: "acc7d2c75637"}


@pytest.mark.usefixtures("optimised")  # as they were drawn
@pytest.mark.parametrize("preset", BEFORE)
def test_on_shd_nothing_is_scaled(preset):
    network = Network(700, 20, **vars(configure(preset, "shd").network))
    assert network.units == (1.0,)
    leaves = jax.tree.leaves(network.init(jax.random.key(0)))
    assert hashlib.sha1(b"".join(np.asarray(leaf).tobytes() for leaf in leaves)).hexdigest()[:12] == BEFORE[preset]


@pytest.mark.parametrize("initialiser", ["mixed", "mean-driven"])
@pytest.mark.parametrize("inputs, rate", [(64, 9.0), (5, 16.0), (4000, 30.0)])
@pytest.mark.parametrize("settings", [{}, {"tau_syn": 5e-3}, {"delay_line": 4}, {"pool": 2}], ids=str)
def test_the_mean_voltage_is_that_of_shd_whatever_the_input(initialiser, inputs, rate, settings):
    """In closed form, of a neuron that never spikes, over many neurons: the sum of weight times rate times tau_syn."""

    def voltage(network):
        w = np.asarray(network.init(jax.random.key(0)).layers[0].w_in, np.float64)
        channels = network.inputs * network.delay_line
        return w.mean() * channels * network.input_rate * network.tau_syn

    on_shd = Network(700, 20, hidden=(64,), initialiser=initialiser, input_rate=15.8)
    here = Network(inputs, 3, hidden=(4000 // inputs + 64,), initialiser=initialiser, input_rate=rate, **settings)
    assert voltage(here) == pytest.approx(voltage(on_shd), rel=0.15)


def test_a_smaller_layer_drives_the_next_one_alike():
    def voltage(pre):
        params = Network(700, 20, hidden=(pre, 300), loss="ttfs").init(jax.random.key(0))
        return [np.asarray(layer.w_in, np.float64).mean() * layer.w_in.shape[0] for layer in params.layers[1:]]

    assert voltage(16) == pytest.approx(voltage(128), rel=0.1)


@pytest.mark.parametrize("initialiser", INITIALISERS)
def test_fewer_spikes_get_larger_weights(initialiser):
    few, many = (
        Network(64, 10, hidden=(50,), initialiser=initialiser, input_rate=rate).init(jax.random.key(0)).layers[0].w_in
        for rate in (5.0, 50.0)
    )
    assert np.all(np.abs(few) > np.abs(many))


@pytest.mark.parametrize("tau_mem, tau_syn", [(20e-3, 5e-3), (20e-3, 10e-3), (10e-3, 10e-3), (5e-3, 80e-3)])
def test_one_spike_needs_no_higher_lift(tau_mem, tau_syn):
    network = Network(3, 2, hidden=(8,), tau_mem=tau_mem, tau_syn=tau_syn, threshold=0.7, loss="ttfs", input_rate=1.0)
    peak = kappa(np.linspace(0, 0.3, 100_000), tau_mem, tau_syn).max()
    np.testing.assert_allclose(np.array(network.lifts(1e6)) * peak, 0.7, rtol=1e-5)
    np.testing.assert_allclose(network.lifts(1e-6), 1e-6 * np.array(network.units))
