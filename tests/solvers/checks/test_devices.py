"""``jax.shard_map``: the batch spread over devices gives the gradient of one device."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow  # half a minute, most of it compiling in a process of its own
def test_gradients_over_two_devices_are_those_of_one():
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("two_devices.py")],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    errors = json.loads(ran.stdout)
    assert set(errors) == {"numba", "xla", "bptt"} and max(errors.values()) < 1e-12, errors
