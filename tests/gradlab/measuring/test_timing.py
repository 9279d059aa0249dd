import time

import jax.numpy as jnp
import pytest

from gradlab.measuring.timing import summary, time_calls


class Late:
    """A result that arrives some time after the call has returned, like JAX's."""

    def block_until_ready(self):
        time.sleep(0.02)
        return self


def test_waits_for_the_result():
    assert min(time_calls(Late, repeats=2, warmup=0)) >= 0.02


def test_warm_up_is_called_but_not_timed():
    calls = []

    def slow_at_first(x):
        calls.append(x)
        time.sleep(0.2 if len(calls) <= 2 else 0)
        return x + 1

    seconds = time_calls(slow_at_first, jnp.zeros(2), repeats=3, warmup=2)
    assert len(calls) == 5 and len(seconds) == 3
    assert 0 < min(seconds) < 0.2


@pytest.mark.parametrize("counts", [{"repeats": 0}, {"repeats": 1, "warmup": -1}])
def test_impossible_counts(counts):
    with pytest.raises(ValueError, match="at least"):
        time_calls(lambda: 0, **counts)


def test_summary():
    assert summary([4.0, 1.0, 3.0, 2.0, 5.0]) == {"median": 3.0, "q25": 2.0, "q75": 4.0, "minimum": 1.0}
    with pytest.raises(ValueError, match="no samples"):
        summary([])
