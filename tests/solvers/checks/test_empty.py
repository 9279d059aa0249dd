"""Ragged data have empty samples, and batches of nothing: no spikes, no gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import bptt
from solvers.eventprop import lif_layer
from solvers.events import pad_events
from solvers.neurons.lif import lif_params
from solvers.surrogates import Surrogate

NOTHING = ([], [])


@pytest.mark.parametrize(
    ("inputs", "events"),
    [(3, pad_events([NOTHING] * 3)), (3, pad_events([])), (0, pad_events([NOTHING], 2))],
    ids=["empty samples", "no samples", "no inputs"],
)
@pytest.mark.parametrize("simulator", ["bptt", "numba", pytest.param("xla", marks=pytest.mark.slow)])
def test_nothing_gives_nothing(simulator, inputs, events):
    params = lif_params(np.ones((inputs, 2), np.float32), np.ones((2, 2), np.float32))

    def score(params):
        if simulator == "bptt":
            return jnp.sum(bptt.lif_layer(params, events, duration=0.02, dt=1e-3, delay=2e-3, surrogate=Surrogate()))
        spikes = lif_layer(params, events, duration=0.02, capacity=8, engine=simulator)
        return jnp.sum(jnp.where(spikes.valid, spikes.times, 0))

    value, gradient = jax.jit(jax.value_and_grad(score))(params)
    assert value == 0 and not any(x.any() for x in jax.tree.leaves(gradient))


def test_a_layer_needs_a_neuron():
    with pytest.raises(ValueError, match=r"w_in has shape \(3, 0\), expected at least one neuron"):
        lif_params(np.ones((3, 0)))
