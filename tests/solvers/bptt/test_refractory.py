"""Refractory periods on a time grid: whole steps, without a derivative; a dead time of one step is the LIF layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import assert_close
from small_neurons import DURATION, in_order, some_layer

from gradlab.methods import BPTT
from gradlab.networks.network import Network
from solvers.bptt import lif_layer
from solvers.neurons.lif import LIFParams
from solvers.surrogates import Surrogate

DT = 1e-3
SETTINGS = dict(duration=DURATION, dt=DT, delay=2e-3, surrogate=Surrogate("superspike", 5.0))

pytestmark = pytest.mark.usefixtures("float64")


def strong_layer(name, steps):
    """Its neurons would spike in almost every step."""
    params, times, units = some_layer(name)
    params = params._replace(w_in=4 * params.w_in, refractory=jnp.asarray(steps * DT))
    return params, jax.tree.map(lambda x: x[None], in_order(times, units))


def loss(params, events, **changes):
    spikes = lif_layer(params, events, **(SETTINGS | changes))
    return jnp.sum(spikes**2 * jnp.arange(spikes.shape[1])[:, None]), spikes


@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_dead_time_of_one_step_is_the_lif_layer(checkpoint):
    params, events = strong_layer("dead-time", 1)
    run = jax.jit(jax.value_and_grad(lambda p: loss(p, events, checkpoint=checkpoint), has_aux=True))
    (_, spikes), gradient = run(params)
    (_, expected), of_lif = run(LIFParams(*params[:6]))
    assert spikes.mean() > 0.5
    np.testing.assert_array_equal(spikes, expected)
    assert gradient.refractory == 0
    assert_close(gradient[:6], of_lif[:6], rtol=1e-9)


@pytest.mark.parametrize("name", ["dead-time", "clamp"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_spikes_keep_their_distance_in_whole_steps(name, dtype):
    params, events = strong_layer(name, np.array([3, 5]))
    params, events = jax.tree.map(lambda x: x.astype(dtype) if x.dtype == np.float64 else x, (params, events))
    for run in (loss, jax.jit(loss)):
        spikes = run(params, events)[1][0]
        for n, least in enumerate((3, 5)):
            (steps,) = np.nonzero(spikes[:, n])
            assert len(steps) >= 4
            # From a clamp a voltage begins to rise where a dead time may end with a spike.
            assert np.diff(steps).min() == least + (name == "clamp")


def test_a_neuron_has_no_surrogate_derivative_in_its_dead_time():
    params, events = strong_layer("dead-time", 2 * DURATION / DT)

    @jax.jit
    def gradient(params, at_steps):
        return jax.grad(lambda params: jnp.vdot(at_steps, lif_layer(params, events, **SETTINGS)[0, :, 0]))(params)

    first = int(np.argmax(loss(params, events)[1][0, :, 0]))
    steps = np.arange(round(DURATION / DT) + 1)
    assert all((x == 0).all() for x in jax.tree.leaves(gradient(params, 1.0 * (steps > first))))
    assert np.abs(gradient(params, 1.0 * (steps == first)).w_in).max() > 0


def test_a_known_period_that_is_no_whole_number_of_steps_is_refused():
    message = "refractory is 0.0025 s, that is 2.5 steps of dt = 0.001 s, expected a whole number of steps: set refr"
    params, events = strong_layer("clamp", 2.5)
    with pytest.raises(ValueError, match=message):
        lif_layer(params, events, **SETTINGS)
    network = Network(3, 2, neuron="clamp", other_constants=(("refractory", 2.5e-3),))
    with pytest.raises(ValueError, match=message):
        BPTT(DT).check(network)
    BPTT(DT / 2).check(network)
    with pytest.raises(ValueError, match="0.25 steps .* set refractory to 0.01 s"):
        BPTT(1e-2).check(Network(3, 2, neuron="clamp", other_constants=(("refractory", 2.5e-3),), delay=0.0))
