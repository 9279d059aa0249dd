"""Arrays inside ``jax.shard_map``, whose types tell over which axes of the devices they vary."""

from typing import Any

import jax


def varying_alike(tree: Any, *others: Any) -> Any:
    """A pytree whose arrays all vary over every axis over which any of them, or of the others, does.

    Loops need that of their states, and JAX then sums the gradients of what is the same on all devices. Outside of
    ``jax.shard_map``, and with ``check_vma=False``, arrays stay as they are.
    """
    axes = frozenset[Any]().union(*(_axes(x) for x in jax.tree.leaves((tree, others))))

    def alike(x: Any) -> Any:
        missing = tuple(axes - _axes(x))
        return jax.lax.pcast(x, missing, to="varying") if missing else x

    return jax.tree.map(alike, tree)


def _axes(x: Any) -> frozenset[Any]:
    kind: Any = jax.typeof(x)
    return kind.mat.varying
