"""A small layer of each neuron model, and its input, for tests of the solvers that take any of them."""

import jax.numpy as jnp
import numpy as np

from solvers.events import Events
from solvers.neurons import NEURONS

DURATION, DELAY, INPUTS, NEURONS_OF_LAYER, EVENTS, CAPACITY = 40e-3, 1.3e-3, 3, 2, 14, 24


def some_layer(name, seed=0):
    """Parameters of a layer that spikes some ten times, and its input times."""
    rng = np.random.default_rng(seed)
    each = lambda low, high: jnp.asarray(rng.uniform(low, high, NEURONS_OF_LAYER))  # noqa: E731
    weights = jnp.asarray(rng.normal(2.0, 0.5, (INPUTS, NEURONS_OF_LAYER)))
    w_rec = jnp.asarray(rng.normal(0, 0.3, (NEURONS_OF_LAYER, NEURONS_OF_LAYER)))
    common = dict(tau_mem=each(9e-3, 15e-3), tau_syn=each(3e-3, 6e-3), reset=each(-0.2, 0.2))
    special = {
        "lif": lambda: dict(threshold=each(0.8, 1.2)),
        "adaptive": lambda: dict(
            tau_adapt=each(20e-3, 40e-3), coupling=each(0.1, 0.4), jump=each(0.1, 0.3), threshold=each(0.8, 1.2)
        ),
        "quadratic": lambda: dict(critical=each(0.8, 1.2), threshold=each(3.0, 4.0)),
        "dead-time": lambda: dict(threshold=each(0.8, 1.2), refractory=jnp.array([2.5e-3, 4e-3])),
        "clamp": lambda: dict(threshold=each(0.8, 1.2), refractory=jnp.array([2.5e-3, 4e-3])),
        "exponential": lambda: dict(onset=each(0.8, 1.2), sharpness=each(0.1, 0.2), threshold=each(1.6, 1.9)),
    }
    params = NEURONS[name].make_params(weights, w_rec, **common, **special[name]())
    times = jnp.sort(jnp.asarray(rng.uniform(1e-3, 0.9 * DURATION, EVENTS)))
    return params, times, jnp.asarray(rng.integers(0, INPUTS, EVENTS))


def in_order(times, units):
    order = jnp.argsort(times)
    return Events(times[order], units[order], jnp.asarray(EVENTS))
