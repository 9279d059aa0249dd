"""Learn delays: spikes that come in one after the other shall make three neurons spike together.

Each neuron hears one channel, whose delay is a parameter of the layer, with an exact gradient. Run:
``python docs/examples/delays.py``.
"""

import jax
import jax.numpy as jnp

from solvers.delays import Delays
from solvers.eventprop import lif_layer
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

TOGETHER = 0.05  # [s]
events = pad_events([([0.010, 0.015, 0.025], [0, 1, 2])])
weights = 8 * jnp.eye(3)  # one spike is enough


def loss(delays):
    """Sum of the square distances of all spikes from the moment [ms^2]."""
    spikes = lif_layer(lif_params(weights, delays=Delays(delays)), events, duration=0.1, capacity=16)
    return jnp.sum(jnp.where(spikes.valid, 1e3 * (spikes.times - TOGETHER), 0) ** 2)


delays, gradient = jnp.full(3, 0.010), jax.jit(jax.grad(loss))
print(f"before: {loss(delays):8.3f} ms^2")
for _ in range(50):
    delays = delays - 1e-7 * gradient(delays)
print(f"after:  {loss(delays):8.3f} ms^2, with delays of {', '.join(f'{1e3 * d:.1f}' for d in delays)} ms")
