"""A loss of one's own on voltages: a readout follows a sine, and the hidden voltages stay small."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from two_classes import recordings

from gradlab import layers
from gradlab.methods import BPTT, EventProp

TIMES = np.arange(5e-3, 0.1, 5e-3)
TARGET = 0.3 * np.sin(2 * np.pi * TIMES / 0.1)[:, None]


def loss(model, events):
    """Squared distance to the target; voltages are exact at any times, on a grid at its points."""
    hidden, readout = model
    spikes = hidden(events)
    inside = hidden.voltages(events, spikes, TIMES)
    return jnp.mean((readout.voltages(spikes, TIMES) - TARGET) ** 2) + 1e-4 * jnp.mean(inside**2)


def main(method=EventProp(), steps=60):  # noqa: B008
    """Losses of a short training."""
    keys, (events, _) = jax.random.split(jax.random.key(0)), recordings(1)
    hidden = layers.LIF(20, 16, duration=0.1, input_rate=50.0, key=keys[0], method=method)
    model = hidden, layers.LI(16, 1, duration=0.1, key=keys[1])
    optimiser = optax.adam(3e-3)
    state = optimiser.init(eqx.filter(model, eqx.is_inexact_array))

    @eqx.filter_jit
    def step(model, state):
        value, gradient = eqx.filter_value_and_grad(loss)(model, events)
        updates, state = optimiser.update(gradient, state)
        return eqx.apply_updates(model, updates), state, value

    losses = []
    for _ in range(steps):
        model, state, value = step(model, state)
        losses.append(float(value))
    return losses


if __name__ == "__main__":
    for method in (EventProp(), BPTT(dt=1e-3)):
        losses = main(method)
        print(f"{method.label}: loss {losses[0]:.4f}, after the training {losses[-1]:.4f}")
