"""Arrays on several devices, whose types tell how they are spread: inside ``jax.shard_map``, or on an explicit mesh."""

from typing import Any

import jax


def varying_alike(tree: Any, *others: Any, but: str | None = None) -> Any:
    """A pytree whose arrays all vary over every axis over which any of them, or of the others, does.

    Loops need that of their states, and JAX then sums the gradients of what is the same on all devices. Outside of
    ``jax.shard_map``, and with ``check_vma=False``, arrays stay as they are.

    Args:
        tree: arrays.
        *others: pytrees of arrays.
        but: an axis that is left out.
    """
    axes = frozenset[Any]().union(*(axes_of(x) for x in jax.tree.leaves((tree, others)))) - {but}

    def alike(x: Any) -> Any:
        missing = tuple(axes - axes_of(x))
        return jax.lax.pcast(x, missing, to="varying") if missing else x

    return jax.tree.map(alike, tree)


def axes_of(x: Any) -> frozenset[Any]:
    """The axes of ``jax.shard_map`` over which an array varies."""
    kind: Any = jax.typeof(x)
    return kind.mat.varying


def refuse_explicit(tree: Any) -> None:
    """Refuse arrays that are spread over an axis of an explicit mesh, whose rules the simulators' loops do not follow.

    Raises:
        ValueError: says over which axis, and what to do.
    """
    for x in jax.tree.leaves(tree):
        kind: Any = jax.typeof(x)
        if axes := [axis for axis in kind.sharding.spec if axis is not None]:
            raise ValueError(
                f"an array of shape {x.shape} is spread over the axis {axes[0]!r} of an explicit mesh, expected arrays "
                "that are not: call the layer under jax.shard_map, or give the axis the type jax.sharding.AxisType.Auto"
            )
