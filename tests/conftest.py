"""Fixtures that test modules share."""

import jax
import pytest


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
