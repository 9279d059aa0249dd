"""The benchmark of transfer: weights of one simulator in all others."""

from dataclasses import replace

import pytest

from benchmarks.transfer.__main__ import COMMAND
from benchmarks.transfer.measure import CONTINUOUS, DEAD_TIME, Config
from benchmarks.workload import poisson_data
from gradlab import TrainConfig
from gradlab.data import Splits
from gradlab.networks.settings import NetworkSettings
from gradlab.reporting import records
from gradlab.training.loop import Trainer

SMALL = NetworkSettings(hidden=(16,), duration=0.2, input_rate=15.8)
PLAIN = dict(channel_shift=0, blend=0.0)  # no augmentation


@pytest.fixture
def few_spikes(monkeypatch):
    data = poisson_data(48, inputs=60, rate=15.8, duration=0.2, classes=2, seed=0)
    monkeypatch.setattr("benchmarks.transfer.measure.load", lambda *_: Splits(data, None, data))


@pytest.mark.parametrize("method", ["eventprop", "bptt"])
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


def test_other_neurons_are_refused(few_spikes):
    with pytest.raises(ValueError, match="neuron is adaptive, expected lif"):
        COMMAND.measure(Config(network=replace(SMALL, neuron="adaptive")))
    with pytest.raises(ValueError, match="expected one: run one training for each"):
        COMMAND.measure(Config(method=("both",), network=SMALL))
