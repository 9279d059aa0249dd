"""What every neuron model of the registry promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_neurons import NEURONS_OF_LAYER, some_layer

from solvers.neurons import NEURONS, neuron_name, neuron_of
from solvers.neurons.lif import flow

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("name", NEURONS)
def test_declaration_agrees_with_the_parameters(name):
    neuron, (params, _, _) = NEURONS[name], some_layer(name)
    fields = [field for field in params._fields if field != "delays"]
    assert fields == ["w_in", "w_rec", *neuron.constants]
    assert {"tau_mem", "tau_syn", "threshold", "reset"} <= set(neuron.constants)
    assert neuron_of(params) is neuron and neuron_name(params) == name
    defaults = neuron.make_params(np.ones((3, 2)))
    assert all(getattr(defaults, key) == constant.default for key, constant in neuron.constants.items())


@pytest.mark.parametrize("name", NEURONS)
def test_states_broadcast_over_a_batch(name):
    neuron, (params, _, _) = NEURONS[name], some_layer(name)
    rng = np.random.default_rng(0)
    batch = jax.tree.map(lambda x: jnp.asarray(rng.uniform(0, 1, x.shape)), neuron.rest(params, 4))
    assert all(x.shape == (4, NEURONS_OF_LAYER) for x in jax.tree.leaves(batch))
    for function in (neuron.derivative, neuron.excess, neuron.after_spike, lambda p, s: neuron.step(p, s, 1e-3)):
        together = function(params, batch)
        for b in range(4):
            alone = function(params, jax.tree.map(lambda x, b=b: x[b], batch))
            jax.tree.map(lambda x, y, b=b: np.testing.assert_allclose(x[b], y, rtol=1e-14), together, alone)


@pytest.mark.parametrize("name", NEURONS)
def test_a_step_solves_the_equation_to_fourth_order(name):
    neuron, (params, _, _) = NEURONS[name], some_layer(name)
    start = neuron.rest(params)._replace(v=jnp.array([0.3, -0.2]), i=jnp.array([1.2, 0.8]))

    def after(steps):
        state = start
        for _ in range(steps):
            state = neuron.step(params, state, 4e-3 / steps)
        return np.concatenate(jax.tree.leaves(state))

    exact = after(256)
    errors = [np.abs(after(steps) - exact).max() for steps in (4, 8)]
    assert errors[1] <= max(errors[0] / 12, 1e-14)
    if name == "lif":
        np.testing.assert_allclose(exact[:2], flow(start.v, start.i, 4e-3, params.tau_mem, params.tau_syn)[0])


@pytest.mark.parametrize("name", NEURONS)
def test_impossible_constants(name):
    neuron, weights = NEURONS[name], np.ones((3, 2))
    for key, constant in neuron.constants.items():
        with pytest.raises(ValueError, match=f"{key} holds a value that is not finite"):
            neuron.make_params(weights, **{key: np.nan})
        with pytest.raises(ValueError, match=rf"{key} has shape \(3,\)"):
            neuron.make_params(weights, **{key: np.ones(3)})
        if constant.positive:
            with pytest.raises(ValueError, match=f"{key} is 0.* expected"):
                neuron.make_params(weights, **{key: 0.0})
    with pytest.raises(ValueError, match="reset is not below threshold"):
        neuron.make_params(weights, reset=2.0)
    with pytest.raises(TypeError, match="unknown constant 'peak': choose from tau_mem, tau_syn"):
        neuron.make_params(weights, peak=1.0)


def test_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match="type tuple, expected one of LIFParams, AdaptiveParams"):
        neuron_of((1, 2))
