"""Fixtures that test modules share; shapes and types of all arguments are checked while tests run."""

import os
from pathlib import Path

# The tests and the processes that they start compile without most optimisations, and without XLA's emitters of fused
# loops: that takes a quarter of the time, and programs this small run as fast.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_use_fusion_emitters=false"

import jax
import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).parent.parent
# numba compiles its kernels as they are. The others answer a wrong setting, or a value of a wrong type, in words of
# their own, which the check of types would forestall.
_NOT_CHECKED = (
    "kernels", "settings", "network", "eventprop", "eventprop_smooth", "smoothing", "bptt", "augment", "config",
    "configuration", "check", "dataset", "conversions", "matching", "layer", "simulate", "grid", "arguments", "escape",
    "spikeprop", "feedback_alignment", "e_prop", "true_derivative", "stochastic", "event_layer",
)  # fmt: skip


def _checked():
    """Names of the modules in which it is checked."""
    for path in [*(ROOT / "solvers").rglob("*.py"), *(ROOT / "gradlab").rglob("*.py")]:
        name = path.relative_to(ROOT).with_suffix("").parts
        if path.stem != "__init__" and path.stem not in _NOT_CHECKED and "kernels" not in name:
            yield ".".join(name)


# Before any of them is imported.
install_import_hook(list(_checked()), "typechecking.check")


@pytest.fixture(scope="module")
def float64():
    """Double precision in all threads: JAX's context holds for one, and compiled code may call kernels from another."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.fixture(scope="module")
def optimised():
    """Compile with all optimisations, as users do: for what is measured of a compiled program."""
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()
    yield
    jax.config.update("jax_disable_most_optimizations", True)
    jax.clear_caches()


def pytest_addoption(parser):
    parser.addoption("--tally", metavar="DIR", help="folder for the numbers of the fuzzers, see tests/fuzz")
