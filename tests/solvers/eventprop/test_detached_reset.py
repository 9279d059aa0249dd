"""Gradients that hold resets at their times: against implicit differentiation with the reset's time stopped."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import FAST, SETTINGS, assert_close, sample, some_events, some_params

from solvers.eventprop import Smoothing, lif_layer_with_counts
from solvers.neurons import NEURONS
from solvers.reference import implicit_gradient

pytestmark = pytest.mark.usefixtures("float64")


def score(params, times, events, **settings):
    """A smooth function of all spike times, and the spikes."""
    spikes, _ = lif_layer_with_counts(params, events._replace(times=times), **SETTINGS | settings)
    return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times + spikes.units), 0)), spikes


def gradient_of(params, events, **settings):
    """Spikes, and the gradient of ``score`` with respect to parameters and input times."""
    call = jax.value_and_grad(lambda *arguments: score(*arguments, events, **settings), (0, 1), has_aux=True)
    (_, spikes), gradient = call(params, events.times)
    return spikes, gradient


def expected(params, events, spikes, **settings):
    weights = jnp.where(spikes.valid, 100 * jnp.cos(100 * spikes.times + spikes.units), 0)
    return implicit_gradient(params, events, spikes, weights, delay=SETTINGS["delay"], **settings)


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("shared", [False, True])
def test_equals_implicit_differentiation_with_the_resets_stopped(engine, shared):
    params, events = some_params(shared=shared), sample(some_events())
    spikes, found = gradient_of(params, events, engine=engine, reset_gradient=False)
    assert np.bincount(np.asarray(spikes.units[: int(spikes.count)])).max() > 2  # of one neuron
    assert_close(found, expected(params, events, spikes, reset_gradient=False), rtol=1e-8)
    _, exact = gradient_of(params, events, engine=engine)
    assert_close(exact, expected(params, events, spikes), rtol=1e-8)
    for name in ("w_in", "w_rec", "tau_mem", "threshold", "reset"):
        one, other = (getattr(gradient[0], name) for gradient in (found, exact))
        assert np.abs(one - other).max() > 1e-2 * np.abs(other).max()


@pytest.mark.parametrize("recurrent", [False, True])
def test_is_exact_where_no_neuron_spikes_twice(recurrent):
    params, events = some_params(recurrent=recurrent), sample(some_events())
    params = params._replace(w_in=0.5 * params.w_in, threshold=params.threshold + 0.1, reset=params.reset - 20)
    spikes, found = gradient_of(params, events, engine="xla", reset_gradient=False)
    assert spikes.count > 2 and len(set(spikes.units[: int(spikes.count)].tolist())) == spikes.count
    _, exact = gradient_of(params, events, engine="xla")
    assert_close(found, exact)


def test_delays_of_synapses():
    """Their kernels are others; both engines' common case stands for the rest."""
    params, events = some_params(delays=4e-3), sample(some_events())
    spikes, found = gradient_of(params, events, engine="numba", reset_gradient=False)
    assert_close(found, expected(params, events, spikes, reset_gradient=False), rtol=1e-8)


def test_what_has_none_is_refused_by_name():
    events = sample(some_events())
    with pytest.raises(ValueError, match="engine ode has no gradient without a path through the reset: choose numba"):
        lif_layer_with_counts(some_params(), events, **SETTINGS, engine="ode", reset_gradient=False)
    other = NEURONS["dead-time"].make_params(some_params().w_in)
    with pytest.raises(ValueError, match="neuron 'dead-time' has no gradient without a path through the reset"):
        lif_layer_with_counts(other, events, **SETTINGS, reset_gradient=False)
    with pytest.raises(ValueError, match="a smoothing is given, but it passes the reset"):
        lif_layer_with_counts(some_params(), events, **SETTINGS, smoothing=Smoothing(), reset_gradient=False)
