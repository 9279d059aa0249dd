"""A training whose neurons are spread over devices reaches what one device reaches."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_devices import in_a_process
from tiny_data import tiny_network

from gradlab import TrainConfig
from gradlab.configuration import Config, check
from gradlab.methods import METHODS, EventProp
from gradlab.training import memory, neurons
from gradlab.training.devices import mesh_of
from gradlab.training.loop import Trainer
from gradlab.training.processes import Placement


def shared(devices, *arguments, **settings):
    """What ``shared_neurons.py`` prints."""
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("shared_neurons.py"), *map(str, arguments)],
        env=in_a_process(devices), capture_output=True, text=True, timeout=900, **settings,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_two_devices_that_share_neurons_find_the_gradient_of_one():
    found = json.loads(shared(2, "gradient"))
    assert found["gradient"] < 1e-9
    assert "a layer has 5 spiking neurons, expected a multiple of 2, the devices that neurons" in found["refused"]
    assert (found["on a CPU"], found["on a card"]) == (5, 2.5)  # arrays of the size of all weights


@pytest.mark.slow  # a minute each, most of it compiling
@pytest.mark.parametrize(("case", "part"), [("recurrent", [6, 3]), ("spiking-outputs", [4, 3])])
def test_so_do_trainings_which_go_on_with_other_devices(case, part, tmp_path):
    found = json.loads(shared(4, "training", case, tmp_path))
    assert found.pop("parts") == [part]  # of parameters and of the moments of Adam
    assert max(found.values()) < 1e-9, found


@pytest.mark.slow  # a minute
def test_the_command_trains_and_goes_on_with_other_devices(call, tiny, tmp_path):
    options = ["--engine", "xla", "--epochs", "2", "--json"]
    spread = json.loads(shared(2, "command", *options, "--neuron-devices", "2", cwd=tmp_path).splitlines()[-1])
    status, _, said = call(*options, "--resume")
    assert status == 0 and "is finished, nothing is added" in said
    alone = json.loads(call(*options)[1][-1])
    assert spread["samples"]["train_accuracy"] == alone["samples"]["train_accuracy"]
    assert [each["metrics"]["neuron_devices"] for each in (spread, alone)] == [2, 1]


@pytest.mark.parametrize(
    ("method", "settings", "said"),
    [
        (METHODS["bptt"](), {}, "method bptt does not spread neurons over devices: choose eventprop, or leave out"),
        (METHODS["eventprop-smooth"](), {}, "method eventprop-smooth does not spread neurons"),
        (METHODS["spikeprop"](), {}, "method spikeprop does not spread neurons"),
        (EventProp("numba"), {}, "engine numba shares out no neurons over an axis: choose xla"),
        (EventProp("ode"), {}, "engine ode does not spread a batch over devices"),
        (EventProp(), {"neuron": "dead-time"}, "neuron 'dead-time' cannot be shared out over an axis: choose lif"),
        (
            EventProp(),
            {"input_delays": "channels", "longest_delay": 0.01},
            "input_delays is channels and recurrent_del",
        ),
    ],
)
def test_what_cannot_be_spread_is_refused(method, settings, said):
    with pytest.raises(ValueError, match=said):
        Trainer(tiny_network(**settings), TrainConfig(), method, mesh=mesh_of(1, 1))


def test_the_memory_of_the_host_is_needed(monkeypatch):
    def without_cpu(backend):
        raise RuntimeError(f"Unknown backend {backend}")

    monkeypatch.setattr(neurons.jax, "local_devices", without_cpu)
    with pytest.raises(ValueError, match="JAX_PLATFORMS leaves out cpu, .*: add it"):
        Trainer(tiny_network(), TrainConfig(), EventProp(), mesh=mesh_of(1, 1))


def test_impossible_numbers_of_devices_are_refused():
    with pytest.raises(ValueError, match="devices is 1, expected a multiple of neuron_devices, which is 2"):
        _ = Placement(devices=1, neuron_devices=2).mesh
    with pytest.raises(ValueError, match="devices is 99, but JAX has"):
        _ = Placement(neuron_devices=99).mesh


def test_what_fits_is_not_judged_before_the_devices_are_known(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 0)
    check(Config(placement=Placement(neuron_devices=2)))
    with pytest.raises(ValueError, match="is needed at least"):
        check(Config())
