"""How JAX calls a kernel: all that knows of it is ``launch``.

XLA has a custom call that takes PTX and launches it. It is part of XLA, but not of what XLA or JAX promise to keep: a
test compiles a gradient for a GPU and looks for it.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import mlir
from jaxtyping import Array

from ....checks import one_by_one, varying_alike

TARGET = "__gpu$xla.gpu.ptx"
ONLY_ON_GPUS = (
    "engine cuda runs on NVIDIA's GPUs only, this program is compiled for {}: choose engine auto, which suits the "
    "device, or install JAX for your GPU (pip install 'gradlab[gpu]')"
)

_kernel = Primitive("eventprop_kernel")
_kernel.multiple_results = True


def launch(
    kernel: str, grid: tuple[int, int], results: Sequence[Any], *args: Array, changed: Sequence[Array] = ()
) -> list[Array]:
    """Run a kernel of ``build.KERNELS``.

    It takes pointers to the arguments, to what it changes, twice as the same, and to the results.

    Args:
        kernel: its name.
        grid: number of thread blocks, and of threads in each.
        results: ``jax.ShapeDtypeStruct`` of each, of which the kernel writes every entry that matters.
        *args: arrays. Under ``vmap`` it runs once for each entry.
        changed: arrays that it changes.

    Returns:
        The changed arrays, and the results.

    Raises:
        ValueError: if the program is compiled for another device.
    """
    shapes = tuple(jax.core.ShapedArray(x.shape, x.dtype) for x in (*changed, *results))
    found = _kernel.bind(*args, *changed, kernel=kernel, grid=grid, results=shapes, changed=len(changed))
    done: list[Array] = varying_alike(found, args)
    return done


@cache
def _configuration(kernel: str, grid: tuple[int, int], first: int, results: int) -> str:
    """What the custom call is told, in MLIR's notation; ``first`` is the place of the first result."""
    text = (Path(__file__).parent / "kernels" / f"{kernel}.ptx").read_text()
    for character in '\\"\n\t':
        text = text.replace(character, f"\\{ord(character):02X}")
    sizes = {"grid_x": grid[0], "grid_y": 1, "grid_z": 1, "block_x": grid[1], "block_y": 1, "block_z": 1}
    numbers = ", ".join(f"{name} = {size} : i32" for name, size in (sizes | {"shared_mem_bytes": 0}).items())
    places = ", ".join(map(str, range(first, first + results)))
    return f'{{name = "{kernel}", kernel_type = "ptx", kernel_data = "{text}", {numbers}, output_indices = [{places}]}}'


@_kernel.def_abstract_eval  # type: ignore[untyped-decorator]
def _shapes(*_: Any, results: Sequence[Any], **__: Any) -> list[Any]:
    return list(results)


def _by_xla(*args: Array, kernel: str, grid: tuple[int, int], results: Sequence[Any], changed: int) -> list[Array]:
    shapes = [jax.ShapeDtypeStruct(r.shape, r.dtype) for r in results]
    call = jax.ffi.ffi_call(
        TARGET, shapes, custom_call_api_version=1,
        input_output_aliases={len(args) - changed + k: k for k in range(changed)},
        legacy_backend_config=_configuration(kernel, grid, len(args), len(results)),
    )  # fmt: skip
    return list(call(*args))


def _refuse(context: Any, *_: Any, **__: Any) -> Any:
    platforms = context.module_context.platforms
    raise ValueError(ONLY_ON_GPUS.format(" and ".join(platforms)))


mlir.register_lowering(_kernel, _refuse)
mlir.register_lowering(_kernel, mlir.lower_fun(_by_xla, multiple_results=True), platform="cuda")
one_by_one(_kernel)
