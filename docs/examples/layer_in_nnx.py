"""Layers in a module of flax nnx: their leaves are parameters."""

import jax
import optax
from flax import nnx
from ten_lines_nnx import Spiking
from two_classes import recordings

from gradlab import layers


class Classifier(nnx.Module):
    """Events in, logits out."""

    def __init__(self, rngs):
        """Draw the weights."""
        hidden = layers.LIF(20, 32, duration=0.1, input_rate=50.0, recurrent=False, key=rngs.params())
        self.hidden = Spiking(hidden)
        self.readout = Spiking(layers.LI(32, 2, duration=0.1, key=rngs.params()))

    def __call__(self, events):
        """Logits of a batch, or of one recording."""
        return self.readout(self.hidden(events))


def main(steps=60):
    """Losses of a short training."""
    model, (events, labels) = Classifier(nnx.Rngs(0)), recordings()
    optimiser = nnx.Optimizer(model, optax.adam(5e-3), wrt=nnx.Param)

    @nnx.jit
    def step(model, optimiser):
        def loss(model):
            return optax.softmax_cross_entropy_with_integer_labels(model(events), labels).mean()

        value, gradient = nnx.value_and_grad(loss)(model)
        optimiser.update(model, gradient)
        return value

    return [float(step(model, optimiser)) for _ in range(steps)]


if __name__ == "__main__":
    print(jax.numpy.asarray(main()))
