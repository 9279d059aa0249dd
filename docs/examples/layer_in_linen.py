"""A layer in a module of flax linen: the whole layer is a parameter."""

import flax.linen as nn
import jax
import optax
from two_classes import recordings

from gradlab import layers


class Classifier(nn.Module):
    """Events in, logits out."""

    @nn.compact
    def __call__(self, events):
        """Logits of a batch, or of one recording."""
        settings = dict(duration=0.1, input_rate=50.0, recurrent=False)
        hidden = self.param("hidden", lambda key: layers.LIF(20, 32, **settings, key=key))
        readout = self.param("readout", lambda key: layers.LI(32, 2, duration=0.1, key=key))
        return readout(hidden(events))


def main(steps=60):
    """Losses of a short training."""
    model, optimiser, (events, labels) = Classifier(), optax.adam(5e-3), recordings()
    params = model.init(jax.random.key(0), events)
    state = optimiser.init(params)

    @jax.jit
    def step(params, state):
        def loss(params):
            return optax.softmax_cross_entropy_with_integer_labels(model.apply(params, events), labels).mean()

        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state)
        return optax.apply_updates(params, updates), state, value

    losses = []
    for _ in range(steps):
        params, state, value = step(params, state)
        losses.append(float(value))
    return losses


if __name__ == "__main__":
    print(jax.numpy.asarray(main()))
