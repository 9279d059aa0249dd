"""A loss of one's own, on spike times: a layer learns to spike at given times, by exact gradients.

A layer is a function from parameters and events to events, so a loss is any function of its spikes. Run:
``python docs/examples/spike_times.py``.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from solvers.eventprop import lif_layer
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

INPUTS, TARGETS = 20, jnp.array([0.03, 0.05, 0.07])  # [s], one for each neuron
rng = np.random.default_rng(0)
events = pad_events([(np.sort(rng.uniform(0, 0.1, 60)), rng.integers(0, INPUTS, 60))])


def loss(w_in):
    """Mean square distance of the first spike of each neuron from its target [ms^2]."""
    spikes = lif_layer(lif_params(w_in), events, duration=0.1, capacity=256)
    mine = spikes.valid[0] & (spikes.units[0] == jnp.arange(len(TARGETS))[:, None])
    first = jnp.where(mine, spikes.times[0], jnp.inf).min(1)
    return jnp.mean(jnp.where(jnp.isfinite(first), 1e3 * (first - TARGETS), 0) ** 2)


w_in = jnp.asarray(rng.normal(1.5, 0.5, (INPUTS, len(TARGETS))), jnp.float32)
rule = optax.adam(0.01)
state, step = rule.init(w_in), jax.jit(jax.value_and_grad(loss))
for number in range(201):
    value, gradient = step(w_in)
    if number % 50 == 0:
        print(f"step {number}: {value:.4f} ms^2")
    updates, state = rule.update(gradient, state)
    w_in = optax.apply_updates(w_in, updates)
