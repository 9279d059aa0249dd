import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from gradlab.measuring.memory import peak_in_fresh_process

MEGABYTES = 100
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are read from /proc")


def sorts(megabytes):
    """Sorting needs at least a copy."""
    return jnp.sort, (jnp.arange(megabytes * 250_000, dtype=jnp.float32)[::-1],)


@linux
def test_peak_of_a_call(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    small, large = (peak_in_fresh_process("test_process:sorts", {"megabytes": m}) for m in (1, MEGABYTES))
    assert large.added >= 0.9 * MEGABYTES * 1e6 > 10 * small.added
    assert large.resident - small.resident >= 1.8 * MEGABYTES * 1e6  # the argument too
    assert (large.device is None) == (jax.default_backend() == "cpu")


def test_a_failing_process_says_why():
    with pytest.raises(RuntimeError, match="measuring nowhere:f in a process failed: .*No module named 'nowhere'"):
        peak_in_fresh_process("nowhere:f", {})
