"""Calls from traced JAX code to a function on NumPy arrays, on the CPU.

``jax.pure_callback`` first wraps its arguments into JAX arrays again. On a machine with few cores that waits for a
thread which the waiting computation itself occupies, and hangs (jax-ml/jax issues 24255 and 25861). This primitive
hands over views of XLA's own buffers: no copy, no wait.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import mlir
from jaxtyping import Array

from .one_by_one import one_by_one
from .varying import varying_alike

_host_call = Primitive("host_call")
_host_call.multiple_results = True


def host_call(
    function: Callable[..., Sequence[np.ndarray]],
    results: Sequence[Any],
    *args: Any,
    exported: Callable[..., Sequence[Array]] | None = None,
) -> list[Any]:
    """``function(*args)`` on NumPy arrays; it must be pure.

    Args:
        function: returns one array for each entry of ``results``, of that shape and type.
        results: ``jax.ShapeDtypeStruct`` of each result.
        *args: arrays, read-only in the function. Under ``vmap`` it is called once for each entry.
        exported: a function of JAX arrays that stands in for it in a program that ``jax.export`` writes, which cannot
            call a host; None if there is none.
    """
    shapes = tuple(jax.core.ShapedArray(r.shape, r.dtype) for r in results)
    return varying_alike(_host_call.bind(*args, function=function, results=shapes, exported=exported), args)


@_host_call.def_impl  # type: ignore[untyped-decorator]
def _run(*args: Any, function: Callable[..., Sequence[np.ndarray]], **_: Any) -> list[Array]:
    return [jnp.asarray(x) for x in function(*map(np.asarray, args))]


@_host_call.def_abstract_eval  # type: ignore[untyped-decorator]
def _shapes(*_: Any, results: Sequence[Any], **__: Any) -> list[Any]:
    return list(results)


def _lower(
    context: Any, *args: Any, function: Callable[..., Any], results: Sequence[Any], exported: Any
) -> Sequence[Any]:
    if context.module_context.lowering_parameters.for_export:
        if exported is None:
            raise NotImplementedError(
                "jax.export cannot write the engine numba, whose kernels are no part of the program: choose engine xla"
            )
        return mlir.lower_fun(exported, multiple_results=True)(context, *args)
    values, _, _ = mlir.emit_python_callback(
        context, function, None, list(args), context.avals_in, context.avals_out, has_side_effect=False,
        returns_token=False,
    )  # fmt: skip
    return values


mlir.register_lowering(_host_call, _lower, platform="cpu")


one_by_one(_host_call)
