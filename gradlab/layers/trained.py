"""Which leaves of a model are trained."""

from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree


class Marked(eqx.Module):
    """A module with ``params``, some of which pass gradients."""

    params: eqx.AbstractVar[Any]

    def passes(self, name: str) -> bool:
        """Whether a field of the parameters passes gradients."""
        raise NotImplementedError

    def marks(self) -> Any:
        """True for the leaves of the parameters that pass gradients."""
        return jax.tree_util.tree_map_with_path(lambda path, _: self.passes(path[0].name), self.params)

    def passing(self) -> Any:
        """The parameters, of which only the trained ones pass gradients."""
        return jax.tree.map(lambda x, passes: x if passes else jax.lax.stop_gradient(x), self.params, self.marks())


def is_trained(model: PyTree) -> PyTree:
    """Which leaves of a model are trained, as a tree of the same structure: for ``optax.masked`` and weight decay.

    Args:
        model: any pytree with modules of this package in it; other floating-point arrays count as trained.
    """

    def one(node: Any) -> Any:
        if isinstance(node, Marked):
            return eqx.tree_at(lambda x: x.params, node, node.marks())
        return eqx.is_inexact_array(node)

    return jax.tree.map(one, model, is_leaf=lambda node: isinstance(node, Marked))
