"""A training whose batches are spread over devices reaches what one device reaches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_data import tiny_network

from gradlab import EventPropTrainer, TrainConfig
from gradlab.methods import METHODS
from gradlab.training.devices import mesh_of

ROOT = Path(__file__).parents[3]
OTHERS = ["eventprop:xla", *(name for name in METHODS if name not in ("eventprop", "bptt"))]


def in_a_process(devices):
    """The environment of a process with so many devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'gradlab'}"
    return os.environ | {"PYTHONPATH": paths, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}


def over_two_devices(folder, *methods):
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("two_devices.py"), folder, *methods],
        env=in_a_process(devices=2), capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found.pop("refused") == "batch_size is 7, expected a multiple of 2, the devices that it is spread over"
    assert list(found) == list(methods)
    for name, errors in found.items():
        assert errors["gradient"] < 1e-12 and max(errors.values()) < 1e-9, (name, errors)


@pytest.mark.parametrize("method", ["eventprop:numba", pytest.param("bptt", marks=pytest.mark.slow)])
def test_two_devices_reach_what_one_does_also_from_its_checkpoint(method, tmp_path):
    over_two_devices(tmp_path, method)


@pytest.mark.slow  # minutes: all programs of all methods are compiled, in a process of its own
def test_so_do_all_methods(tmp_path):
    over_two_devices(tmp_path, *OTHERS)


@pytest.mark.parametrize(
    ("trainer", "settings", "said"),
    [
        (EventPropTrainer, {"engine": "ode"}, "engine ode does not spread a batch over devices"),
    ],
)
def test_what_cannot_be_spread_is_refused(trainer, settings, said):
    with pytest.raises(ValueError, match=said):
        trainer(tiny_network(), TrainConfig(), mesh=mesh_of(1), **settings)


def test_impossible_numbers_of_devices_are_refused():
    with pytest.raises(ValueError, match=r"devices is 99, but JAX has \d+ \(cpu\).*device_count=99 before the start"):
        mesh_of(99)


def test_the_command_refuses_more_devices_than_there_are(call, tiny, tmp_path):
    status, _, said = call("--devices", "8")
    assert status == 2 and "error: devices is 8, but JAX has" in said and not list(tmp_path.iterdir())
