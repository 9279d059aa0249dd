"""A loss of one's own on spike times: each neuron is to spike for the first time at a time of its own."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from two_classes import recordings

from gradlab import layers

TARGETS = np.array([0.02, 0.03, 0.04, 0.05])  # [s]


def first_spikes(layer, events):
    """Of each neuron [s], the end of the recording if there is none: times pass an exact gradient, with EventProp."""
    spikes = layer(events)
    of_neuron = spikes.units[:, None] == jnp.arange(layer.neurons)
    return jnp.where(of_neuron, spikes.times[:, None], layer.duration).min(axis=0)


def main(steps=60):
    """Losses of a short training [s^2]."""
    layer = layers.LIF(20, 4, duration=0.1, input_rate=50.0, recurrent=False, key=jax.random.key(0))
    optimiser, (events, _) = optax.adam(3e-3), recordings(1)
    recording = jax.tree.map(lambda x: x[0], events)
    state = optimiser.init(eqx.filter(layer, eqx.is_inexact_array))

    @eqx.filter_jit
    def step(layer, state):
        loss = lambda layer: jnp.mean((first_spikes(layer, recording) - TARGETS) ** 2)  # noqa: E731
        value, gradient = eqx.filter_value_and_grad(loss)(layer)
        updates, state = optimiser.update(gradient, state)
        return eqx.apply_updates(layer, updates), state, value

    losses = []
    for _ in range(steps):
        layer, state, value = step(layer, state)
        losses.append(float(value))
    return losses


if __name__ == "__main__":
    first, *_, last = (1e3 * loss**0.5 for loss in main())
    print(f"distance to the targets: {first:.1f} ms, after the training {last:.1f} ms")
