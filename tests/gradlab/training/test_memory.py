"""The estimate of memory: never above what is needed, and near enough to be of use."""

import re
import resource

import jax
import pytest
from committed import newest
from tiny_data import tiny_data

from gradlab import Network, TrainConfig
from gradlab.check import Config
from gradlab.command import run_command
from gradlab.configuration import configure, network_of
from gradlab.data import Splits
from gradlab.methods import BPTT, METHODS, EventProp, able_methods
from gradlab.networks.params import WEIGHTS
from gradlab.training import memory
from gradlab.training.loop import Trainer
from gradlab.training.objective import Objective
from gradlab.training.presets import PRESETS

RECORD = newest("memory_scaling")
#: Share of what is kept that the estimate finds at least. Checkpoints: the arrays of a segment are not in it.
FOUND = {"eventprop": 0.95, "bptt": 0.7, "bptt_checkpointed": 0.1}
MEASURED = {"eventprop": EventProp(), "bptt": BPTT(), "bptt_checkpointed": BPTT(checkpoint=True)}


def sizes_of(point):
    """Hidden neurons, batch, duration and step of a point of a sweep."""
    base = {name: RECORD["config"][name] for name in ("hidden", "batch_size", "duration", "dt")}
    return base | ({point["sweep"]: point["value"]} if point["sweep"] in base else {})


@pytest.mark.parametrize("name", FOUND)
def test_kept_bytes_against_the_committed_record(name):
    """The record holds what the traced programs keep; there are several sweeps of each method."""
    shares = []
    for point in (p for p in RECORD["samples"]["points"] if p["method"] == name):
        size = sizes_of(point)
        network = Network(700, 20, hidden=int(size["hidden"]), duration=size["duration"])
        method = BPTT(size["dt"], checkpoint=MEASURED[name].checkpoint) if "bptt" in name else MEASURED[name]
        found = method.kept_bytes(
            network, int(size["batch_size"]), (point.get("event_pool") or point["event_capacity"] or 0,)
        )
        shares.append(found / point["residual_bytes"])
    assert len(shares) > 10 and FOUND[name] <= min(shares) and max(shares) <= 1


@pytest.mark.parametrize("settings", [{}, {"hidden": (3, 4)}, {"recurrent": False, "pool": 3}, {"delay_line": 2}])
def test_weights_are_counted(settings):
    network = Network(8, 2, **{"hidden": (5,)} | settings)
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    weights = [x for path, x in jax.tree_util.tree_leaves_with_path(shapes) if path[-1].name in WEIGHTS]
    assert memory.weight_bytes(network) == sum(4 * x.size for x in weights)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_taken_with_a_gigabyte(preset, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 10**9)
    config = configure(preset)
    network = network_of(config, tiny_data(2, inputs=700, classes=35))
    methods = able_methods(network)
    # E-prop is for constants that a layer shares, and as smoothed gradients not for a maximum over time.
    refused = {"e-prop", "eventprop-smooth"} if network.loss == "max" else set()
    # And no method but EventProp and those that go back through the grid has spiking outputs.
    refused |= {"e-prop", "eventprop-smooth", "true-derivative"} if network.readout.spiking else set()
    refused |= {"e-prop"} if network.constants != "shared" else set()
    refused |= {"e-prop", "feedback-alignment", "stochastic"} if network.has_delays else set()
    assert set(METHODS) - set(methods) == refused
    for method in methods.values():
        Trainer(network, config.training, method)


@pytest.mark.parametrize(
    ("method", "settings", "relief"),
    [
        (EventProp(), {"hidden": 1_000_000}, "lower hidden"),
        (EventProp(), {"duration": 1e5}, "lower batch_size, hidden or duration"),
        (EventProp(), {"duration": 1e7}, "lower duration or hidden"),
        (EventProp(), {"duration": 1e38, "hidden": 2**31 - 1}, "lower duration or hidden"),
        (BPTT(), {"duration": 1e5}, "lower batch_size, hidden or duration, raise dt, or set checkpoint"),
        (BPTT(1e-7), {}, "raise dt"),
        (BPTT(1e-12), {}, "that is 1e+12 steps of dt = 1e-12 s, expected less than 1073741824: raise dt"),
        (BPTT(1e-30), {"duration": 1e30}, "raise dt"),
        (BPTT(1e-7), {"delay": 1e5, "recurrent": False}, "raise dt or lower delay"),
    ],
)
def test_what_cannot_fit_is_refused_before_anything_is_made(method, settings, relief, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 64 * 10**9)
    with pytest.raises(ValueError, match=re.escape(relief)):
        Trainer(Network(700, 20, **settings), TrainConfig(), method)


def test_message(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 2 * 10**9)
    message = "memory of 20.0 GB is needed at least (20.0 GB for 5 times the weights, as gradient and the like, 0.0 GB "
    with pytest.raises(ValueError) as error:
        memory.require_memory(Network(1, 1, hidden=31_622), EventProp(), 32, (128,), memory.TRAINING)
    assert str(error.value).startswith(message) and "but 2.0 GB are available: lower hidden" in str(error.value)


def test_a_gradient_alone_takes_less(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 22 * 10**6)
    network, config = Network(1000, 1, hidden=1000, recurrent=False), TrainConfig()
    Objective(network, config, EventProp()).require_memory()
    for refused in (lambda: Trainer(network, config, EventProp()), Objective(network, config, BPTT()).require_memory):
        with pytest.raises(ValueError, match="is needed at least"):
            refused()


def test_a_limit_of_the_process_counts():
    before = resource.getrlimit(resource.RLIMIT_AS)
    free = memory.available_bytes()
    assert free > 10**8
    resource.setrlimit(resource.RLIMIT_AS, (memory.psutil.Process().memory_info().vms + 10**8, before[1]))
    try:
        assert 0 < memory.available_bytes() <= 10**8
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_accelerator(monkeypatch):
    class Card:
        def memory_stats(self):
            return {"bytes_limit": 123}

    monkeypatch.setattr(jax, "local_devices", lambda: [Card()])
    assert memory.available_bytes() == 123


def failing(error):
    def run(config):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "status"), [(MemoryError("12 GB"), 2), (RuntimeError("RESOURCE_EXHAUSTED: 12 GB"), 2)]
)
def test_a_command_without_memory_ends_with_one_line(error, status, capsys):
    assert run_command("x", Config, failing(error), []) == status
    assert capsys.readouterr().err.startswith("error: out of memory: lower the sizes;")
    with pytest.raises(RuntimeError, match="other"):
        run_command("x", Config, failing(RuntimeError("other")), [])


def test_too_many_steps():
    trainer = Trainer(Network(8, 2, hidden=2), TrainConfig(epochs=2**30, batch_size=4), EventProp())
    data = tiny_data(20)
    with pytest.raises(ValueError, match="epochs is 1073741824, that is 5368709120 steps, expected <= 2147483647"):
        trainer.fit(Splits(data, None, data), progress=False)
