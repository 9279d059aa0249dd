"""The network on a time grid approaches the event-driven one to first order in the step.

Input spikes lie on multiples of 1 ms and the recurrent delay is 1 ms, so every step used here divides them and moves
none: what remains is that the grid sees a threshold crossing at the end of its step, half a step late on average. This
first-order delay is the same in every network, so the order can be fitted; a rounded input would add noise to it.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.measuring.convergence import fitted_order, spike_time_error
from gradlab.methods import BPTT, EventProp
from gradlab.networks.losses import cross_entropy
from gradlab.networks.network import Network
from solvers import eventprop
from solvers.bptt import lif_layer
from solvers.events import pad_events
from solvers.neurons import NEURONS
from solvers.surrogates import Surrogate

STEPS = 1e-3, 0.5e-3, 0.25e-3, 0.125e-3
INPUTS, HIDDEN, OUTPUTS, BATCH, DURATION = 20, 10, 4, 4, 0.1
NETWORKS = 8
LABELS = jnp.arange(BATCH) % OUTPUTS

pytestmark = pytest.mark.usefixtures("float64")


def draw(network, seed):
    rng = np.random.default_rng(seed)
    params = network.init(jax.random.key(0), jnp.float64)
    w_rec = rng.normal(0, 0.15, (HIDDEN, HIDDEN))
    hidden = params.layers[0]._replace(
        w_in=jnp.asarray(rng.normal(0.38, 0.2, (INPUTS, HIDDEN))), w_rec=jnp.asarray(w_rec)
    )
    if network.readout.spiking:
        readout = params.readout._replace(w_in=jnp.asarray(rng.normal(1.5, 0.6, (HIDDEN, OUTPUTS))))
    else:
        readout = params.readout._replace(w=jnp.asarray(rng.normal(0, 1, (HIDDEN, OUTPUTS))))
    times = 1e-3 * rng.integers(1, 90, (BATCH, 60))
    events = pad_events(list(zip(times, rng.integers(0, INPUTS, (BATCH, 60)), strict=True)))
    return params._replace(layers=(hidden,), readout=readout), events


@partial(jax.jit, static_argnums=0)
def exactly(network, params, events):
    room = (400,) * len(network.spiking_sizes)
    output = EventProp().forward(network, params, events, room, jax.random.key(0))
    return output.spikes[0], output.logits


@partial(jax.jit, static_argnums=(0, 3))
def on_grid(network, params, events, dt):
    settings = dict(duration=DURATION, delay=network.delay, dt=dt, surrogate=Surrogate())
    spikes = lif_layer(params.layers[0], events, **settings)
    return spikes, BPTT(dt).forward(network, params, events, (), jax.random.key(0)).logits


def sample_losses(logits):
    return jax.vmap(lambda logits, label: cross_entropy(logits[None], label[None]))(logits, LABELS)


def errors_by_step(network, params, events, spikes, logits):
    """Mean errors of spike times, logits and losses at each step; None if a neuron has another number of spikes."""
    errors = []
    for dt in STEPS:
        trains, grid_logits = on_grid(network, params, events, dt)
        distance, equal = spike_time_error(spikes, trains, dt)
        if equal < 1:
            return None
        loss_error = sample_losses(grid_logits) - sample_losses(logits)
        errors.append((distance, jnp.abs(grid_logits - logits).mean(), jnp.abs(loss_error).mean()))
    return errors


@pytest.mark.parametrize("loss", ["exp", pytest.param("max", marks=pytest.mark.slow), "ttfs"])
def test_spikes_logits_and_loss_converge_to_first_order(loss):
    network = Network(INPUTS, OUTPUTS, hidden=(HIDDEN,), loss=loss, duration=DURATION, delay=1e-3, tau_syn=5e-3)
    errors, rates = [], []
    for seed in range(8 * NETWORKS):
        params, events = draw(network, seed)
        spikes, logits = exactly(network, params, events)
        found = errors_by_step(network, params, events, spikes, logits)
        if found is not None:
            errors.append(found)
            rates.append(spikes.count.mean() / HIDDEN / DURATION)
        if len(errors) == NETWORKS:
            break
    assert len(errors) == NETWORKS
    assert 10 < np.mean(rates) < 40  # Hz
    distance, of_logits, of_loss = np.mean(errors, 0).T
    for name, error in (("spikes", distance), ("logits", of_logits), ("loss", of_loss)):
        assert fitted_order(STEPS, error) >= 0.8, (name, error)
        assert error[-1] < error[0] / 4, (name, error)
    # A spike that comes half a step late makes all later ones of its neuron late by as much again.
    assert distance[-1] < 2 * STEPS[-1]


@pytest.mark.parametrize("neuron", ["dead-time", pytest.param("clamp", marks=pytest.mark.slow)])
def test_neurons_with_a_refractory_period_converge_at_high_rates(neuron):
    """Of LIF neurons that spike so often, those on the grid alone would be held back by its step."""
    neurons, inputs = 3, 5
    settings = dict(duration=DURATION, delay=1e-3)
    exact = jax.jit(partial(eventprop.lif_layer, **settings, capacity=200))
    grids = [jax.jit(partial(lif_layer, **settings, dt=dt, surrogate=Surrogate())) for dt in STEPS]
    errors, rates = [], []
    for seed in range(40 * NETWORKS):
        rng = np.random.default_rng(seed)
        params = NEURONS[neuron].make_params(
            rng.normal(1.7, 0.5, (inputs, neurons)), rng.normal(0, 0.2, (neurons, neurons)), refractory=2e-3
        )
        times = 1e-3 * rng.integers(1, 90, 80)
        events = pad_events([(times, rng.integers(0, inputs, 80))])
        spikes = exact(params, events)
        found = [spike_time_error(spikes, grid(params, events), dt) for grid, dt in zip(grids, STEPS, strict=True)]
        if all(equal == 1 for _, equal in found):
            errors.append([distance for distance, _ in found])
            rates.append(spikes.count.mean() / neurons / DURATION)
        if len(errors) == NETWORKS:
            break
    assert len(errors) == NETWORKS and np.min(rates) > 100  # Hz
    error = np.mean(errors, 0)
    assert 0.8 <= fitted_order(STEPS, error) <= 1.2, error


def test_a_dead_time_of_one_step_does_to_lif_neurons_what_the_grid_does():
    """Driven to more than one spike a step of 1 ms: 1545 Hz without a dead time, 956 Hz on that grid."""
    networks = []
    for seed in range(NETWORKS):
        rng = np.random.default_rng(seed)
        weights = rng.normal(8, 0.5, (5, 3)), rng.normal(0, 0.2, (3, 3))
        events = pad_events([(1e-3 * rng.integers(1, 90, 80), rng.integers(0, 5, 80))])
        networks.append((weights, events))
    settings = dict(duration=DURATION, delay=1e-3)
    exact = jax.jit(lambda *given: eventprop.lif_layer(*given, **settings, capacity=600).count)

    def spikes(run, neuron, **constants):
        return sum(int(run(NEURONS[neuron].make_params(*w, **constants), events).sum()) for w, events in networks)

    free = spikes(exact, "lif")
    for dt in STEPS:
        grid = spikes(jax.jit(partial(lif_layer, **settings, dt=dt, surrogate=Surrogate())), "lif")
        assert spikes(exact, "dead-time", refractory=dt) == pytest.approx(grid, rel=0.02)
        assert dt < STEPS[0] or free > 1.4 * grid
