"""Fixtures that test modules share; shapes and types of all arguments are checked while tests run."""

from pathlib import Path

import jax
import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).parent.parent
# numba compiles its kernels as they are. The others answer a wrong setting, or a value of a wrong type, in words of
# their own, which the check of types would forestall.
_NOT_CHECKED = (
    "kernels", "settings", "network", "eventprop", "bptt", "augment", "config", "configuration", "check", "dataset",
    "conversions", "matching", "layer", "simulate", "grid", "arguments",
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
def quick_compile():
    """Compile without most optimisations, which takes half the time; programs this small run as fast."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
    jax.clear_caches()  # other tests get programs of their own, equal to the last bit to those of other processes


def pytest_addoption(parser):
    parser.addoption("--tally", metavar="DIR", help="folder for the numbers of the fuzzers, see tests/fuzz")
