"""All trainings as one table."""

import json
import sys
from pathlib import Path

import pytest

import gradlab
from gradlab.methods.options import MethodOptions
from gradlab.networks.settings import NetworkSettings
from gradlab.reporting import columns, frame, records
from gradlab.training.config import TrainConfig

RESULTS = Path(__file__).parents[3] / "results/trainings"


def written(folder, seed, **changes):
    """A run's folder with a record of today."""
    config = {
        "method": ["eventprop"], "validation_groups": [8], "samples": [30, 5, 9],
        "network": {"hidden": [8]}, "training": {"learning_rate": 0.1}, "options": {"dt": 1e-3, "other": [["a", 1.0]]},
    }  # fmt: skip
    metrics = {"test_accuracy": 0.5 + seed, "event_capacity": [64]}
    given = {"status": "ok", "config": config, "metrics": metrics, "samples": {"train_loss": [1.0]}} | changes
    record = records.make_record("train", None, "eventprop", "tiny", 8, seed, **given)
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(record) + "\n")
    return record


def test_a_row_for_each_training(tmp_path, monkeypatch):
    first = written(tmp_path / "runs/a", 0)
    written(tmp_path / "runs/b", 1, config={"seed": 1})
    written(tmp_path / "runs/both", 0, metrics={"agreement": {}}, config={})
    published = tmp_path / "results/trainings/eventprop.jsonl"
    records.append(first | {"samples": {}}, published)
    records.append(first | {"config_hash": "other"}, published)
    records.append(first | {"benchmark": "speed"}, tmp_path / "results/speed.jsonl")
    monkeypatch.chdir(tmp_path)
    table = gradlab.frame()
    assert sorted(table["run"].fillna("")) == ["", "runs/a", "runs/b"]
    row = table[table["run"] == "runs/a"].iloc[0]
    assert (row["test_accuracy"], row["network.hidden"], row["training.learning_rate"]) == (0.5, (8,), 0.1)
    assert (row["training_samples"], row["test_samples"], row["validation_groups"]) == (30, 9, (8,))
    assert row["event_capacity"] == (64,) and row["options.other"] == (("a", 1.0),) and row["env.jax"]
    assert row["time"].isoformat() == first["time"]
    assert len(gradlab.frame("runs/a")) == 1 and len(gradlab.frame("results/trainings/eventprop.jsonl")) == 2


def test_every_column_of_the_published_trainings_is_explained():
    """Of both layouts of records."""
    table = gradlab.frame(RESULTS)
    assert len(table) > 30 and table["test_accuracy"].between(0, 1).all()
    assert table["network.duration"].notna().all() and table["time"].is_monotonic_increasing
    explained = {*columns.RECORD, *columns.METRICS, *frame.OTHERS, *(f"env.{name}" for name in columns.ENVIRONMENT)}
    for part, settings in (("network", NetworkSettings), ("training", TrainConfig), ("options", MethodOptions)):
        explained |= {f"{part}.{name}" for name in settings.__dataclass_fields__}
    assert set(table) <= explained
    assert set(frame.ENTRIES) < set(columns.RECORD)


def test_no_trainings_are_an_empty_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(gradlab.frame()) == 0 and {"run", "method", "time"} <= set(gradlab.frame())
    with pytest.raises(FileNotFoundError, match="nowhere does not exist, expected a folder of runs"):
        gradlab.frame("nowhere")


def test_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas, which is not there: pip install 'gradlab\[pandas\]'"):
        gradlab.frame()
