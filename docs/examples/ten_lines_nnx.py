"""The same in flax nnx."""

import jax
from flax import nnx
from ten_lines_equinox import events, hidden, readout


class Spiking(nnx.Module):
    """Any layer of gradlab: its leaves are parameters."""

    def __init__(self, layer):
        """Take it apart."""
        leaves, self.structure = jax.tree.flatten(layer)
        self.leaves = nnx.List([nnx.Param(leaf) for leaf in leaves])

    def __call__(self, events):
        """What the layer gives."""
        return jax.tree.unflatten(self.structure, [leaf[...] for leaf in self.leaves])(events)


model = nnx.List([Spiking(hidden), Spiking(readout)])
print(nnx.grad(lambda model: model[1](model[0](events))[0, 0])(model))
