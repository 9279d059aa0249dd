"""What XLA allocates for a program, on this machine or on an NVIDIA H100, read from the compiled program.

A compiler's buffer assignment is final: what it says is what the program takes when it runs (what the runtime needs
for itself apart). XLA's compiler for GPUs runs without one, so that the H100's figures can be had anywhere; what it
needs is the optional installation ``gradlab[gpu-compile]`` (Linux).
"""

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
from jax.experimental import topologies
from jax.sharding import NamedSharding, PartitionSpec

H100_BYTES = 80 * 10**9  # of memory on the card, as sold
_PLUGIN = "jax_plugins.xla_cuda13"
# The card as XLA's compiler wants it described: NVIDIA's data sheet of the H100 SXM5 80 GB, CUDA programming guide
# (compute capability 9.0).
_H100 = """
gpu_device_info {
  cuda_compute_capability { major: 9 minor: 0 }
  core_count: 132
  fpus_per_core: 128
  threads_per_warp: 32
  threads_per_block_limit: 1024
  threads_per_core_limit: 2048
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
  shared_memory_per_block: 49152
  shared_memory_per_block_optin: 232448
  shared_memory_per_core: 233472
  l2_cache_size: 52428800
  memory_bandwidth: 3352000000000
  clock_rate_ghz: 1.98
  device_memory_size: 80000000000
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 10 patch: 0 }
runtime_version { major: 13 minor: 0 patch: 0 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""


class Allocation(NamedTuple):
    """Bytes of device memory that a compiled program takes.

    Attributes:
        arguments: of its inputs.
        outputs: of its results, without those that take the place of an input.
        temporaries: of everything in between.
    """

    arguments: int
    outputs: int
    temporaries: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)


def compiles_for_h100() -> bool:
    """Whether XLA's compiler for NVIDIA's GPUs is installed."""
    try:
        return importlib.util.find_spec(_PLUGIN) is not None
    except ModuleNotFoundError:
        return False


def require_h100_compiler() -> None:
    """Raise ValueError unless ``compiles_for_h100``; says what to install."""
    if not compiles_for_h100():
        raise ValueError(
            "XLA's compiler for NVIDIA's GPUs is missing: pip install 'gradlab[gpu-compile]' (Linux; no GPU is needed)"
        )


@lru_cache
def _h100() -> NamedSharding:
    require_h100_compiler()
    card = topologies.get_topology_desc(topology_name="cuda", platform="cuda", target_config=_H100, topology="1x1x1")
    return NamedSharding(topologies.make_mesh(card, (1,), ("card",)), PartitionSpec())


def compiled_for_h100(function: Callable[..., Any], *args: Any) -> Any:
    """``jax.jit(function)`` as a compiled program for an H100, which cannot be run here.

    Args:
        function: of arrays.
        *args: its arguments, pytrees of arrays or of ``jax.ShapeDtypeStruct``; the event-driven layer needs
            ``engine="cuda"`` or ``"xla"``.

    Raises:
        ValueError: if the compiler for it is not installed.
    """
    return _compiled(function, args, _h100())


def _compiled(function: Callable[..., Any], args: tuple[Any, ...], sharding: NamedSharding | None) -> Any:
    shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), args)
    return jax.jit(function).lower(*shapes).compile()


def allocation(function: Callable[..., Any], *args: Any, h100: bool = False) -> Allocation:
    """What ``jax.jit(function)`` takes when it runs; nothing is executed.

    Args:
        function: of arrays.
        *args: its arguments, pytrees of arrays or of ``jax.ShapeDtypeStruct``.
        h100: for an H100, see ``compiled_for_h100``, not for this machine.

    Raises:
        ValueError: for an H100, if the compiler for it is not installed.
    """
    stats: Any = _compiled(function, args, _h100() if h100 else None).memory_analysis()
    return Allocation(
        stats.argument_size_in_bytes,
        stats.output_size_in_bytes - stats.alias_size_in_bytes,
        stats.temp_size_in_bytes,
    )
