"""The batch spread over devices, by every wrapper of JAX: the gradient is that of one device, or it is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RIGHT = ("jit", "shard-map", "shard-map-unchecked", "in-shard-map", "in-shard-map-unchecked")
RIGHT += ("explicit-in-shard-map", "explicit-in-shard-map-unchecked", "pmap", "vmap")
CALL_IT = "call the layer under jax.shard_map, or give the axis the type jax.sharding.AxisType.Auto"


def over_two_devices(simulators, wrappers):
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("two_devices.py"), ",".join(simulators), ",".join(wrappers)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_gradients_over_two_devices_are_those_of_one():
    found = over_two_devices(["numba"], ["jit", "shard-map", "in-shard-map-unchecked", "explicit"])
    assert found.pop("numba explicit").endswith(CALL_IT)
    assert max(found.values()) < 1e-12, found


@pytest.mark.slow  # half a minute to minutes each, most of it compiling in a process of its own
@pytest.mark.parametrize("simulator", ["numba", "numba-smooth", "xla", "xla-smooth", "bptt"])
def test_every_wrapper_gives_the_gradient_of_one_device(simulator):
    found = over_two_devices([simulator], [*RIGHT, "explicit"])
    assert found.pop(f"{simulator} explicit").endswith(CALL_IT)
    assert max(found.values()) < 1e-12, found


@pytest.mark.slow  # minutes
def test_the_engine_ode_is_right_under_jit_and_vmap_and_refuses_other_wrappers():
    found = over_two_devices(["ode"], [*RIGHT, "explicit"])
    assert found.pop("ode explicit").endswith(CALL_IT)
    right = [found.pop(f"ode {name}") for name in ("jit", "vmap")]
    assert max(right) < 1e-9, right
    assert all("engine ode does not run inside jax.shard_map or jax.pmap" in text for text in found.values()), found
