"""The workload that benchmarks of speed and memory share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.contestants import CONTESTANTS, VARIANTS
from benchmarks.workload import make_workload, poisson_data
from benchmarks.workload.limit import Limit
from gradlab import Network
from gradlab.methods import METHODS
from gradlab.training.room import pool_for
from solvers.events import pad_events
from solvers.neurons.lif import kappa, lif_params


@pytest.fixture(scope="module")
def work():
    network = Network(60, 4, hidden=(12,), duration=0.1)
    return make_workload(network, samples=3, input_rate=150.0, hidden_rate=30.0, dt=1e-3, seed=0, longest_delay=0.03)


def test_every_method_takes_part(work):
    assert set(METHODS) < set(CONTESTANTS)
    assert list(work.work) == [*CONTESTANTS, *VARIANTS]


def test_options_reach_the_methods_that_have_them():
    assert CONTESTANTS["bptt_checkpointed"].with_options(dt=2e-3, engine="xla").method.dt == 2e-3
    assert CONTESTANTS["eventprop"].with_options(dt=2e-3, engine="xla").method.engine == "xla"


def test_poisson_data_have_their_rate():
    data = poisson_data(20, inputs=50, rate=40.0, duration=0.5, classes=3, seed=1)
    assert data.spikes_per_sample.mean() == pytest.approx(50 * 40 * 0.5, rel=0.03)
    assert data.end_time <= 0.5 and set(data.labels) <= {0, 1, 2}
    np.testing.assert_array_equal(data.times, poisson_data(20, 50, 40.0, 0.5, 3, seed=1).times)


def test_hidden_rate_is_tuned(work):
    assert work.rate == pytest.approx(30, rel=0.1)
    assert work.hidden_spikes == pytest.approx(work.rate * 12 * 0.1)
    assert work.room == (256, pool_for(work.hidden_spikes)) and work.steps == 101


def test_all_forms_of_bptt_are_one_gradient(work):
    losses, gradients = {}, {}
    for name, each in work.work.items():
        losses[name] = float(jax.jit(each.functions.loss)(*each.arguments))
        gradients[name] = jax.jit(each.functions.gradient)(*each.arguments)
    for name in ("bptt_checkpointed", "bptt_scan", "bptt_whole", "bptt_packed", "bptt_micro"):
        assert losses[name] == pytest.approx(losses["bptt"], rel=1e-5)
        for x, y in zip(jax.tree.leaves(gradients[name]), jax.tree.leaves(gradients["bptt"]), strict=True):
            np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-3, atol=1e-4 * np.abs(y).max())
    for name, shape in (("eventprop_axonal_delays", (60,)), ("eventprop_synaptic_delays", (60, 12))):
        inputs, own = gradients[name].layers[0].delays
        assert inputs.shape == shape and np.count_nonzero(own) > 6
        assert np.isfinite(losses[name]) and losses[name] != losses["eventprop"]
    for name in ("bptt_bfloat16", "eventprop"):
        assert losses[name] == pytest.approx(losses["bptt"], rel=0.05)
    assert all(jnp.isfinite(x).all() for x in jax.tree.leaves(gradients["eventprop"]))


def test_limit_is_the_flow_over_the_events():
    times, units = np.array([1e-3, 1e-3, 30e-3], np.float32), np.array([0, 1, 0])
    events = pad_events([(times, units)])
    weights = jnp.array([[1.0, 2.0], [3.0, -1.0]], jnp.float32)
    params = lif_params(weights, w_rec=0.5 * weights, tau_mem=20e-3, tau_syn=10e-3)
    limit = Limit(params, events, pad_events([(np.array([28e-3]), np.array([1]))]), 1e-3)
    rows, lags = np.array([[1, 2], [3, -1], [1.5, -0.5], [1, 2]]), np.array([29e-3, 29e-3, 1e-3, 0])
    np.testing.assert_allclose(limit.forward()[0], kappa(lags, 20e-3, 10e-3) @ rows, rtol=1e-5)
    at_current = np.exp(-lags / 10e-3) + np.asarray(kappa(lags, 20e-3, 10e-3))
    expected = np.zeros(4)
    np.add.at(expected, [0, 1, 3, 0], at_current)
    first = np.array([limit.forward()[0], *np.zeros((3, 2))])  # the voltages are added to the first row
    np.testing.assert_allclose(limit.step() - first, np.outer(expected, [1, 1]), rtol=1e-5)


@pytest.mark.parametrize("input_rate", [40.0, 800.0])
def test_the_rate_is_reached_far_from_the_usual_input(input_rate):
    network = Network(60, 5, hidden=(12,), duration=0.3)
    work = make_workload(network, samples=3, input_rate=input_rate, hidden_rate=30.0, dt=1e-3, seed=0)
    assert work.rate == pytest.approx(30, rel=0.1)
