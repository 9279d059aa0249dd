"""Fixtures for tests that compile many small programs."""

import jax
import pytest


@pytest.fixture(scope="module")
def quick_compile():
    """Compile without most optimisations, which takes half the time; programs this small run as fast."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
