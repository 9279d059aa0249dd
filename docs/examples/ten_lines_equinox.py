"""A spiking model and its gradient in ten lines."""

import equinox as eqx
import jax

from gradlab import layers
from solvers.events import pad_events

events = pad_events([([0.010, 0.012, 0.015], [0, 1, 0]), ([0.030], [2])])  # times [s] and channels of two recordings
keys = jax.random.split(jax.random.key(0))
hidden = layers.LIF(3, 16, duration=0.1, input_rate=20.0, key=keys[0])
readout = layers.LI(16, 2, duration=0.1, key=keys[1])
model = eqx.nn.Sequential([eqx.nn.Lambda(hidden), eqx.nn.Lambda(readout)])
print(model(events), eqx.filter_grad(lambda model: model(events)[0, 0])(model))
