"""What JAX does with a call into other code: ``vmap`` calls it once for each entry, ``grad`` refuses."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching
from jaxtyping import Array


def one_by_one(primitive: Primitive) -> None:
    """Give these rules to a primitive with several results, of the passes of the event-driven layer."""
    ad.primitive_jvps[primitive] = _no_derivative
    batching.primitive_batchers[primitive] = partial(_each, primitive)


def _no_derivative(*_: Any, **__: Any) -> Any:
    raise NotImplementedError(
        "the gradient of the event-driven layer has no derivative of its own: take differences of gradients"
    )


def _each(
    primitive: Primitive, args: Sequence[Any], axes: Sequence[int | None], **settings: Any
) -> tuple[list[Array], list[int]]:
    size = next(x.shape[axis] for x, axis in zip(args, axes, strict=True) if axis is not None)
    rows = [
        jnp.broadcast_to(x, (size, *x.shape)) if axis is None else jnp.moveaxis(x, axis, 0)
        for x, axis in zip(args, axes, strict=True)
    ]
    results = jax.lax.map(lambda row: primitive.bind(*row, **settings), rows)
    return results, [0] * len(results)
