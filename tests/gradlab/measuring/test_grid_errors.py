import jax
import numpy as np
import pytest

from gradlab import Network
from gradlab.measuring.convergence import fitted_order, grid_errors, spike_time_error
from gradlab.networks.params import Output
from solvers.events import pad_events

DT = 1e-3


def on_grid(steps, *samples):
    spikes = np.zeros((len(samples), steps, 3))
    for row, fired in enumerate(samples):
        for step, neuron in fired:
            spikes[row, step, neuron] = 1
    return spikes


def test_spikes_are_matched_by_neuron_and_number():
    exact = pad_events(
        [(np.array([0.0012, 0.0025, 0.0059]), np.array([2, 0, 2])), (np.array([0.0031]), np.array([1]))], capacity=5
    )
    spikes = on_grid(9, [(2, 2), (3, 0), (6, 2)], [(4, 1)])
    error, share = spike_time_error(exact, spikes, DT)
    assert error == pytest.approx(np.mean([0.8e-3, 0.5e-3, 0.1e-3, 0.9e-3]), rel=1e-4)
    assert share == 1


def test_neurons_with_other_counts_are_left_out():
    exact = pad_events([(np.array([0.001, 0.002, 0.004]), np.array([0, 1, 1]))])
    error, share = spike_time_error(exact, on_grid(9, [(3, 0), (2, 1), (8, 2)]), DT)
    assert error == pytest.approx(2e-3, rel=1e-4)
    assert share == pytest.approx(1 / 3)


def test_silence_has_no_error():
    error, share = spike_time_error(pad_events([(np.zeros(0), np.zeros(0, int))]), on_grid(5, []), DT)
    assert np.isnan(error) and share == 0


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_order_is_the_slope(order):
    steps = np.array([1e-3, 5e-4, 2e-4])
    assert fitted_order(steps, list(3 * steps**order)) == pytest.approx(order)
    assert fitted_order(steps, [*(3 * steps[:2] ** order), 0.0]) == pytest.approx(order)
    assert np.isnan(fitted_order(steps, [1.0, 0.0, float("nan")]))


def test_one_hidden_layer_is_expected():
    network = Network(2, 2, hidden=(3, 3))
    params = network.init(jax.random.key(0))
    with pytest.raises(ValueError, match="2 hidden layers, expected one"):
        events = pad_events([(np.zeros(1), np.zeros(1, int))])
        exact = Output(np.zeros((1, 2)), (), np.zeros(1))
        grid_errors(network, params, events, np.zeros(1, int), exact, DT)
