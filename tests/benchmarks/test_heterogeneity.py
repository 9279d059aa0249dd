"""The four conditions of heterogeneity on tiny data."""

import dataclasses

import numpy as np
import pytest
from tiny_data import tiny_data, tiny_splits
from tiny_recipe import tiny_recipe

from benchmarks.heterogeneity.__main__ import COMMAND
from benchmarks.heterogeneity.figure import table
from benchmarks.heterogeneity.measure import CONDITIONS, Config, stretched
from benchmarks.variants import varied
from gradlab import configuration
from gradlab.reporting import records
from gradlab.training.loop import Trainer


def tiny(folder):
    return Config(**vars(tiny_recipe(folder)) | {"resume": True, "stretches": (0.5, 2.0)})


def test_four_trainings_and_their_tests_at_other_speeds(tmp_path, monkeypatch):
    monkeypatch.setattr(configuration, "load", lambda *_: tiny_splits())
    config = tiny(tmp_path)
    record = COMMAND.run(config)
    assert records.read(tmp_path / "heterogeneity.jsonl") == [record]
    found = record["metrics"]["runs"]["eventprop"]
    assert list(found) == list(CONDITIONS)
    for each in found.values():
        assert each["status"] == "ok" and list(each["stretched"]) == ["0.5", "1", "2"]
        assert each["test_accuracy"] == each["stretched"]["1"] and each["spikes_per_sample"] > 0
    gain = found["drawn, trained"]["test_accuracy"] - found["equal, fixed"]["test_accuracy"]
    assert record["metrics"]["gain_eventprop"] == pytest.approx(gain)
    figure = tmp_path / "figures" / f"heterogeneity-tiny-{record['config_hash']}.png"
    assert figure.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(Trainer, "_epoch", None)  # finished trainings are read back
    assert COMMAND.run(config)["metrics"] == record["metrics"]
    both = record | {"metrics": {"runs": {"eventprop": found, "bptt": found}}}
    assert len(table(both).splitlines()) == 1 + 2 * 4


def test_each_condition_is_another_network_or_training(tmp_path):
    config = tiny(tmp_path)
    found = {name: varied(config, "bptt", "sweep", name, variant) for name, variant in CONDITIONS.items()}
    settings = {(each.network.constants, each.training.train_constants) for each in found.values()}
    assert settings == {("equal", False), ("equal", True), ("gamma", False), ("gamma", True)}
    assert {each.methods for each in found.values()} == {("bptt",)} and len({each.out for each in found.values()}) == 4
    rest = {name: getattr(config, name) for name in ("network", "training", "method", "out")}
    assert all(dataclasses.replace(each, **rest) == config for each in found.values())


def test_recordings_at_another_speed():
    data = tiny_data(4)
    slow = stretched(data, 2.0)
    np.testing.assert_allclose(slow.times, 2 * data.times)
    np.testing.assert_array_equal(slow.units, data.units)
