"""Leave-one-group-out on tiny data."""

import dataclasses

import numpy as np
import pytest
from tiny_data import tiny_splits
from tiny_recipe import tiny_recipe

from benchmarks.speakers import measure as speakers
from benchmarks.speakers.__main__ import COMMAND
from gradlab.reporting import records
from gradlab.training.loop import Trainer


def test_each_speaker_is_held_out_in_turn(tmp_path, monkeypatch, capsys):
    """The test set is not touched; a finished sweep is read back."""
    splits = tiny_splits()
    whole = splits._replace(validation=None, test=None)
    monkeypatch.setattr(speakers, "load", lambda name, folder, held_out: whole if held_out == () else None)
    config = dataclasses.replace(tiny_recipe(tmp_path), validation_groups=())
    record = COMMAND.run(config)
    assert records.read(tmp_path / "speakers.jsonl") == [record]
    runs, curves = record["metrics"]["runs"], record["samples"]
    assert list(runs) == list(curves) == ["0", "1", "2"]
    assert sum(each["samples"] for each in runs.values()) == len(splits.train)
    assert {(each["status"], each["kept_epoch"]) for each in runs.values()} == {("ok", 2)}
    reached = [curves[name]["validation_accuracy"][-1] for name in runs]
    assert [each["validation_accuracy"] for each in runs.values()] == reached
    assert record["metrics"]["mean"] == pytest.approx(np.mean(reached))
    assert record["metrics"]["spread"] == pytest.approx(np.std(reached, ddof=1))
    figure = tmp_path / "figures" / f"speakers-eventprop-shd-256-{record['config_hash']}.png"
    assert figure.read_bytes().startswith(b"\x89PNG")
    names = [path.name.rpartition("-")[0] for path in sorted((tmp_path / "speakers").iterdir())]
    assert names == [f"eventprop-shd-256-seed0-without-{group}" for group in range(3)]
    assert "speaker 2 is held out: 29 training samples, 14 of the speaker" in capsys.readouterr().out
    monkeypatch.setattr(Trainer, "_epoch", None)
    again = COMMAND.run(dataclasses.replace(config, resume=True))
    assert again["metrics"] == record["metrics"]


def test_only_some_speakers_by_name(tmp_path, monkeypatch):
    splits = tiny_splits()
    named = splits.train.groups.astype(str)
    named[named == "1"] = "Ann/Lee"
    splits = splits._replace(train=dataclasses.replace(splits.train, groups=named))
    monkeypatch.setattr(speakers, "load", lambda *_: splits)
    config = dataclasses.replace(tiny_recipe(tmp_path), validation_groups=("Ann/Lee",))
    record = COMMAND.run(config)
    COMMAND.run(dataclasses.replace(config, training=dataclasses.replace(config.training, learning_rate=1e-4)))
    assert len(list((tmp_path / "speakers").iterdir())) == 2 == len(list((tmp_path / "figures").iterdir()))
    assert list(record["metrics"]["runs"]) == ["Ann/Lee"] and record["metrics"]["spread"] is None
    with pytest.raises(ValueError, match="methods are eventprop, bptt, expected one: run one sweep for each"):
        COMMAND.run(dataclasses.replace(config, method=("both",)))
    with pytest.raises(ValueError, match=r"validation_groups are \[7\], expected some but not all"):
        COMMAND.run(dataclasses.replace(config, validation_groups=("0", 7)))


def test_data_without_groups_are_refused(tmp_path, monkeypatch):
    splits = tiny_splits()
    alone = splits._replace(train=dataclasses.replace(splits.train, groups=None))
    monkeypatch.setattr(speakers, "load", lambda *_: alone)
    with pytest.raises(ValueError, match="data set tiny has no groups, such as speakers, to hold out"):
        COMMAND.run(dataclasses.replace(tiny_recipe(tmp_path), validation_groups=()))
