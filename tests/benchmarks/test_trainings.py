"""Benchmarks of trained networks: their weights in all simulators, and the time of their gradients."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import trainings
from benchmarks.trained_speed.__main__ import COMMAND as SPEED
from benchmarks.transfer.__main__ import COMMAND
from benchmarks.transfer.measure import CONTINUOUS, DEAD_TIME, Config, figures_of, simulators
from benchmarks.trials.__main__ import COMMAND as TRIALS
from benchmarks.workload import poisson_data
from gradlab import BPTTTrainer, Network, TrainConfig
from gradlab.data import SpikeData, Splits
from gradlab.networks.settings import NetworkSettings
from gradlab.reporting import records
from gradlab.training.loop import Trainer

SMALL = NetworkSettings(hidden=(16,), duration=0.2, input_rate=15.8)
PLAIN = dict(channel_shift=0, blend=0.0)  # no augmentation


@pytest.fixture
def few_spikes(monkeypatch):
    data = poisson_data(48, inputs=60, rate=15.8, duration=0.2, classes=2, seed=0)
    monkeypatch.setattr("gradlab.configuration.load", lambda *_: Splits(data, None, data))


@pytest.mark.parametrize("method", [pytest.param("eventprop", marks=pytest.mark.slow), "bptt"])
def test_transfer_measures_and_records(method, few_spikes, tmp_path, capsys, monkeypatch):
    training = TrainConfig(epochs=1, batch_size=16, **PLAIN)
    config = Config(method=(method,), network=SMALL, training=training, grids=(2e-3, 0.5e-3), out=tmp_path)
    record = COMMAND.run(config)
    assert records.read(tmp_path / "transfer.jsonl") == [record]
    assert (record["benchmark"], record["method"], record["preset"], record["seed"]) == ("transfer", method, None, 0)
    metrics = record["metrics"]
    assert list(metrics["simulators"]) == ["0.002", "0.001", "0.0005", CONTINUOUS, DEAD_TIME]
    own = metrics["simulators"]["0.001" if method == "bptt" else CONTINUOUS]
    assert (metrics["accuracy_own"], metrics["spikes_per_sample"]) == (own["accuracy"], own["spikes_per_sample"])
    assert own["rate_hz"] == pytest.approx(own["spikes_per_sample"] / (16 * 0.2))
    assert own["loss"] > 0 and metrics["runaway_share_continuous"] == 0
    (figure,) = tmp_path.glob("figures/transfer-*.png")
    assert figure.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "with dead time" in printed and "0.5 ms" in printed
    # The training is kept: the same command again only tests.
    monkeypatch.setattr(Trainer, "_epoch", lambda *_: pytest.fail("trained again"))
    assert COMMAND.run(config)["metrics"] == metrics


@pytest.mark.parametrize("method", ["stochastic", "bptt"])
def test_trials_measure_and_record(method, few_spikes, tmp_path, capsys):
    training = TrainConfig(epochs=1, batch_size=16, **PLAIN)
    config = TRIALS.settings(method=(method,), network=SMALL, training=training, trials=3, out=tmp_path)
    record = TRIALS.run(config)
    assert records.read(tmp_path / "trials.jsonl") == [record]
    metrics, each = record["metrics"], record["samples"]["accuracies"]
    assert len(each) == 3 and metrics["accuracy"] == pytest.approx(np.mean(each))
    assert 0 < metrics["fano_factor"] < 2 and 0 <= metrics["accuracy_without_noise"] <= 1
    assert metrics["spikes_per_sample"] != metrics["spikes_per_sample_without_noise"] > 0
    (figure,) = tmp_path.glob(f"figures/trials-{method}-*.png")
    assert figure.read_bytes().startswith(b"\x89PNG") and "Fano factor" in capsys.readouterr().out


def bumps(samples, seed):
    """Activity that moves over the channels, and begins in another place for each class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % 8
    times = np.sort(rng.uniform(0, 0.1, (samples, 60)))
    centres = 320 * times + 4 * labels[:, None]
    units = (centres + rng.normal(0, 3, times.shape)).astype(int) % 32
    return SpikeData.from_samples("bumps", list(times), list(units), labels, None, inputs=32, classes=8)


def test_a_dead_time_of_one_step_keeps_the_accuracy_in_continuous_time():
    """Of a network that a grid of 1 ms holds back at more than 100 Hz."""
    train, test = bumps(400, 0), bumps(400, 1)
    network = Network(32, 8, hidden=(32,), duration=0.1, input_rate=3.0)
    trainer = BPTTTrainer(network, TrainConfig(epochs=8, rate_strength=0.0, **PLAIN), dt=1e-3)
    params = trainer.fit(Splits(train, None, test)).params
    tested = {
        simulator: figures_of(objective, params, test)
        for simulator, (objective, params) in simulators(network, trainer.config, params, 1e-3, ()).items()
    }
    own, lost, kept = (tested[simulator]["accuracy"] for simulator in ("0.001", CONTINUOUS, DEAD_TIME))
    assert tested["0.001"]["rate_hz"] > 100 and own > 0.8
    assert abs(own - kept) <= 0.04 < own - lost


@pytest.mark.parametrize("method", ["eventprop", "bptt"])
def test_gradients_of_a_training_are_timed(method, few_spikes, tmp_path, capsys):
    training = TrainConfig(epochs=1, batch_size=16, **PLAIN)
    config = SPEED.settings(method=(method,), network=SMALL, training=training, batches=2, out=tmp_path)
    record = SPEED.run(config)
    assert records.read(tmp_path / "trained_speed.jsonl") == [record]
    metrics = record["metrics"]
    assert len(record["samples"]["step_s"]) == 2 and 0 < metrics["step_s"] == np.mean(record["samples"]["step_s"])
    assert metrics["residual_bytes"] > 0 and metrics["spikes_per_sample"] > 0
    assert (metrics["event_capacity"] is None) == (method == "bptt")
    assert f"{metrics['residual_bytes']:,}" in capsys.readouterr().out


def test_other_neurons_are_refused(few_spikes):
    with pytest.raises(ValueError, match="neuron is adaptive, expected lif"):
        COMMAND.measure(Config(network=replace(SMALL, neuron="adaptive")))
    with pytest.raises(ValueError, match="expected one: run one training for each"):
        COMMAND.measure(Config(method=("both",), network=SMALL))


def test_what_is_usual_gives_way_to_options_and_changes_do_not(monkeypatch):
    """The defaults of a command line: a preset of the benchmark's own, or the one that is named."""
    given = []
    command = SimpleNamespace(main=lambda default: given.append(default) or 0)
    for options in ([], ["--preset", "shd-200"]):
        monkeypatch.setattr(sys, "argv", ["benchmarks.some", *options])
        assert trainings.main(command, trainings.TrainingConfig, "--preset", "shd-256", method=("both",)) == 0
    assert [each.preset for each in given] == ["shd-256", "shd-200"]
    assert all(each.methods == ("eventprop", "bptt") and each.resume for each in given)
