"""Two layers and a readout in equinox, trained with a schedule of optax, by any method."""

import equinox as eqx
import jax
import optax
from two_classes import recordings

from gradlab import layers
from gradlab.methods import BPTT, EventProp


class Classifier(eqx.Module):
    """Events in, logits out."""

    first: layers.LIF
    second: layers.LIF
    readout: layers.LI

    def __init__(self, key, method):
        """Draw the weights: of the first layer for input of 50 Hz, of the second for the spikes of the first."""
        keys = jax.random.split(key, 3)
        self.first = layers.LIF(20, 32, duration=0.1, input_rate=50.0, key=keys[0], method=method)
        self.second = layers.LIF(32, 16, duration=0.1, input_rate=None, key=keys[1], method=method)
        self.readout = layers.LI(16, 2, duration=0.1, key=keys[2])

    def __call__(self, events):
        """Logits of a batch, or of one recording; and the spikes of each neuron."""
        events, first = self.first.with_counts(events)
        events, second = self.second.with_counts(events)
        return self.readout(events), (first, second)


def main(method=EventProp(), steps=60):  # noqa: B008
    """Losses of a short training."""
    model, (events, labels) = Classifier(jax.random.key(0), method), recordings()
    optimiser = optax.adamw(optax.cosine_decay_schedule(5e-3, steps), mask=layers.is_trained)
    state = optimiser.init(eqx.filter(model, eqx.is_inexact_array))

    @eqx.filter_jit
    def step(model, state):
        def loss(model):
            logits, counts = model(events)
            value = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
            return value + 1e-4 * sum(((count - 5) ** 2).mean() for count in counts), value

        (_, value), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(model)
        updates, state = optimiser.update(gradient, state, eqx.filter(model, eqx.is_inexact_array))
        return eqx.apply_updates(model, updates), state, value

    losses = []
    for _ in range(steps):
        model, state, value = step(model, state)
        losses.append(float(value))
    return losses


if __name__ == "__main__":
    for method in (EventProp(), BPTT(dt=1e-3)):
        losses = main(method)
        print(f"{method.label}: loss {losses[0]:.3f}, after the training {losses[-1]:.3f}")
