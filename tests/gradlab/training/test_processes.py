"""Several processes train together by ``jax.distributed``: what one reaches, and an end when one of them ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from test_devices import in_a_process

from gradlab.training.processes import Placement, joined


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(devices, *arguments):
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name("two_processes.py"), *map(str, arguments)],
        env=in_a_process(devices), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "devices"),
    [
        ("eventprop", 1),
        pytest.param("eventprop", 2, marks=pytest.mark.slow),
        pytest.param("eventprop:neurons", 1, marks=pytest.mark.slow),
        pytest.param("bptt", 1, marks=pytest.mark.slow),
    ],
)
def test_two_processes_reach_what_one_does_also_after_one_was_killed(method, devices, tmp_path):
    path, port = tmp_path / "checkpoint.npz", free_port()
    both = [started(devices, method, path, port, number) for number in (0, 1)]
    (printed, said), _ = (each.communicate(timeout=600) for each in both)
    assert both[1].returncode == -signal.SIGKILL
    count, gradient, training = json.loads(printed.splitlines()[-1])
    assert count == 2 * devices and gradient < (1e-12 if method == "bptt" else 1e-9) and training < 1e-9
    if devices == 1:
        assert both[0].returncode == 2
        assert "error: another process of this training has ended: start all again with --resume" in said
    else:  # one of its devices waits for the other, until JAX misses the signs of life, and ends the process
        assert both[0].returncode == -signal.SIGABRT and "The tasks have crashed" in said
    assert {path.name} <= set(os.listdir(tmp_path)) <= {path.name, f"{path.name}.lock"}  # which nobody holds

    printed, said = started(1, method, path).communicate(timeout=600)
    assert json.loads(printed) < 1e-9, said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"processes": 2, "process_id": 0}, "give all three, the coordinator auto alone, or none of them"),
        ({"coordinator": "auto", "processes": 2, "process_id": 0}, "give all three, the coordinator auto alone"),
        ({"coordinator": "host:1", "processes": 2}, "give all three"),
        ({"coordinator": "host:1", "processes": 2, "process_id": 2}, "process_id is 2, expected < 2"),
        ({"coordinator": "host", "processes": 2, "process_id": 1}, "expected HOST:PORT or auto"),
        ({"devices": 0}, "devices is 0, expected"),
    ],
)
def test_impossible_placements_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        Placement(**settings)


def test_a_port_that_is_taken_is_refused():
    with socket.create_server(("", 0)) as taken:
        there = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match="whose port cannot be used here"), joined(Placement(None, there, 2, 0)):
            pass


def test_several_processes_are_for_trainings_only():
    with pytest.raises(ValueError, match="several processes do gradlab train only"):
        _ = Placement(coordinator="auto").mesh
    assert Placement().mesh is None
