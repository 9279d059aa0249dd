"""The linear baseline."""

import dataclasses
import sys

import numpy as np
import pytest
from tiny_data import tiny_splits

from benchmarks.linear import measure as linear
from benchmarks.linear.__main__ import COMMAND
from gradlab.data import SpikeData
from gradlab.reporting import records


def test_counts_by_bin_and_group():
    times = [np.array([0.0, 0.099, 0.1, 0.25]), np.array([0.15])]
    units = [np.array([0, 2, 3, 1]), np.array([1])]
    data = SpikeData.from_samples("two", times, units, [0, 1], [0, 0], inputs=4, classes=2)
    # Bins 0-0.1 and 0.1-0.2 s, groups {0, 1} and {2, 3}; 0.25 s is too late.
    np.testing.assert_array_equal(linear.counts(data, 2, 0.1, 2), [[1, 1, 0, 1], [0, 0, 1, 0]])


def test_linear_baseline_is_measured_and_recorded(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(linear, "load", lambda *_: tiny_splits())
    config = linear.Config(bins=2, width=0.05, groups=8, strength=1.0, out=tmp_path)
    record = COMMAND.run(config)
    assert records.read(tmp_path / "linear.jsonl") == [record]
    metrics = record["metrics"]
    assert metrics["test_accuracy"] > 0.9 and metrics["train_accuracy"] > 0.9  # a class has channels of its own
    assert metrics["test_accuracy_known_groups"] == metrics["test_accuracy"]
    assert metrics["test_accuracy_unseen_groups"] is None  # all are known
    assert "test_accuracy_known_groups" in capsys.readouterr().out
    with pytest.raises(ValueError, match="groups is 0, expected a whole number >= 1"):
        linear.Config(groups=0)


def test_without_scikit_learn(tmp_path, monkeypatch):
    for name in ("sklearn", "sklearn.linear_model"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"scikit-learn is missing: pip install 'gradlab\[benchmarks\]'"):
        COMMAND.run(linear.Config(out=tmp_path))


def test_data_without_groups(tmp_path, monkeypatch):
    splits = tiny_splits()
    alone = splits._replace(test=dataclasses.replace(splits.test, groups=None))
    monkeypatch.setattr(linear, "load", lambda *_: alone)
    metrics = COMMAND.run(linear.Config(bins=2, width=0.05, groups=8, strength=1.0, out=tmp_path))["metrics"]
    assert metrics["test_accuracy"] > 0.9
    assert metrics["test_accuracy_known_groups"] is metrics["test_accuracy_unseen_groups"] is None
