"""The linear baseline, and the summary of the presets' trainings."""

import numpy as np
import pytest
from tiny_data import tiny_splits

from benchmarks import accuracy, linear
from gradlab import records
from gradlab.data import SpikeData


def test_counts_by_bin_and_group():
    times = [np.array([0.0, 0.099, 0.1, 0.25]), np.array([0.15])]
    data = SpikeData.from_samples("two", times, [np.array([0, 2, 3, 1]), np.array([1])], [0, 1], [0, 0], inputs=4)
    # Bins 0-0.1 and 0.1-0.2 s, groups {0, 1} and {2, 3}; 0.25 s is too late.
    np.testing.assert_array_equal(linear.counts(data, 2, 0.1, 2), [[1, 1, 0, 1], [0, 0, 1, 0]])


def test_linear_baseline_is_measured_and_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(linear, "load", lambda *_: tiny_splits())
    config = linear.Config(bins=2, width=0.05, groups=8, strength=1.0, out=tmp_path)
    record = linear.run(config)
    assert records.read(tmp_path / "linear.jsonl") == [record]
    metrics = record["metrics"]
    assert metrics["test_accuracy"] > 0.9 and metrics["train_accuracy"] > 0.9  # a class has channels of its own
    with pytest.raises(ValueError, match="groups is 0, expected > 0"):
        linear.Config(groups=0)


def training(preset="shd-200", method="bptt", seed=0, epochs=3, status="ok", held_out=(), dataset="shd", **metrics):
    given = dict.fromkeys(accuracy._MEANS, 0.5) | {"epochs": epochs} | metrics
    config = {"validation_speakers": held_out}
    samples = {"epoch_s": [9.0, 1.0, 2.0]}
    return records.make_record("train", preset, method, dataset, 200, seed, status, config, given, samples)


def test_seeds_are_averaged_and_the_last_of_a_seed_counts():
    trainings = [training(test_accuracy=0.1), training(test_accuracy=0.7), training(seed=1, test_accuracy=0.9)]
    (row,) = accuracy.rows(trainings)
    assert (row["seeds"], row["epoch_s"]) == ([0, 1], 2.0)
    assert row["test_accuracy"] == pytest.approx(0.8) and row["spread"] == pytest.approx(0.02**0.5)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ((0.5, False), (0.6, False), "55.0 %"),
        ((0.5, False), (None, True), "runs away"),
        ((0.5, False), (None, None), ""),
    ],
)
def test_weights_in_the_other_world(first, second, text):
    trainings = [
        training(seed=seed, test_accuracy_other_world=accuracy_, runs_away_in_other_world=away)
        for seed, (accuracy_, away) in enumerate((first, second))
    ]
    assert accuracy.rows(trainings)[0]["other_world"] == text


def test_only_completed_trainings_of_presets_on_everything_count():
    others = [training(preset=None), training(status="diverged"), training(held_out=[8]), training(dataset="tiny")]
    assert accuracy.rows([*others, training(method="both")]) == []
    alone = accuracy.rows([training(), training(epochs=4), training(method="eventprop")])
    assert [(row["method"], row["epochs"], row["spread"]) for row in alone] == [
        ("bptt", 3, None), ("bptt", 4, None), ("eventprop", 3, None)
    ]  # fmt: skip


def test_table_figure_and_record(tmp_path, capsys):
    config = accuracy.Config(tmp_path / "bench.jsonl", tmp_path / "linear.jsonl", tmp_path)
    with pytest.raises(ValueError, match="bench.jsonl has no completed training of a preset"):
        accuracy.run(config)  # there is no such file
    records.append(training(preset=None), config.records)
    with pytest.raises(ValueError, match="no completed training of a preset"):
        accuracy.run(config)
    for seed in (0, 1):
        records.append(training(seed=seed, test_accuracy=0.8 + 0.02 * seed, train_accuracy=1.0), config.records)
    baseline = dict.fromkeys(accuracy._ACCURACIES, 0.75) | {"parameters": 20000}
    other = baseline | {"test_accuracy": 0.5}
    for dataset, metrics in (("shd", baseline), ("synthetic", other)):
        records.append({"schema_version": 1, "dataset": dataset, "metrics": metrics}, config.linear)
    record = accuracy.run(config)
    assert records.read(tmp_path / "accuracy.jsonl") == [record] and record["metrics"]["linear"] == baseline
    assert (tmp_path / "figures" / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "| shd-200 | BPTT-SG | 2 | 81.0 ± 1.4 % | 50.0 % | 50.0 % | 100.0 % |  | 3 |" in printed
    assert "| linear baseline |  |  | 75.0 %" in printed and "20,000" in printed
