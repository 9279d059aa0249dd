"""Loggers that follow a training: what they hold in the end, and that none can harm it."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
from event_files import logged
from matplotlib.figure import Figure

from gradlab.loggers import LOGGERS
from gradlab.loggers.base import Logger
from gradlab.loggers.log import Log
from gradlab.reporting import records
from gradlab.training.callbacks import Epoch, Step
from gradlab.training.loop import Trainer

PER_EPOCH = 5
RECORD = {"metrics": {"epochs": 2, "test_accuracy": 0.75, "transfer_accuracy": None, "event_capacity": [64]}}


def followed(log, first=1, last=10):
    """Steps 1 to 10 in two epochs, or some of them."""
    for number in range(first, last + 1):
        epoch = (number - 1) // PER_EPOCH + 1
        log.on_step(Step(number, epoch, 1 / number, 0.5, 10.0, float("nan"), 0.1))
        if number % PER_EPOCH == 0:
            log.on_epoch(Epoch(epoch, {"train_loss": 1.0 * epoch, "tau_mem_quantiles": [[1.0]]}, None))


def a_figure(folder):
    folder.mkdir()
    Figure(figsize=(1, 1)).savefig(folder / "curves.png")
    return folder


def whole_files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_tensorboard_holds_a_training_that_was_stopped_and_went_on(call, tiny, monkeypatch):
    """Stopped in its third step of the second epoch; those steps are made again."""
    with_room, calls = Trainer.with_room, []

    def stopped(self, *arguments):
        calls.append(1)
        if len(calls) == 10:  # five steps, two batches of the validation set, two steps
            raise KeyboardInterrupt
        return with_room(self, *arguments)

    options = "--epochs", "2", "--log", "tensorboard"
    monkeypatch.setattr(Trainer, "with_room", stopped)
    status, _, errors = call(*options)
    assert status == 130, errors
    monkeypatch.setattr(Trainer, "with_room", with_room)
    status, _, errors = call(*options, "--resume")
    assert status == 0 and "no longer follows" not in errors, errors
    (run,) = Path("runs").iterdir()
    assert [path.name for path in Path().iterdir()] == ["runs"]
    scalars, others = logged(run / "log/tensorboard")
    (record,) = records.read(run / "record.json")
    assert sorted(scalars["step/loss"]) == list(range(1, 11)) and set(scalars["step/rate_hz"]) == set(range(1, 11))
    of_epochs = np.reshape(list(scalars["step/loss"].values()), (2, 5)).mean(1)
    np.testing.assert_allclose(of_epochs, record["samples"]["train_loss"], rtol=1e-5)
    for name in ("train_loss", "train_accuracy", "hidden_rate_hz", "validation_accuracy"):
        np.testing.assert_allclose(list(scalars[f"epoch/{name}"].values()), record["samples"][name], rtol=1e-6)
    assert scalars["end/test_accuracy"][2] == pytest.approx(record["metrics"]["test_accuracy"])
    assert {"curves", "raster", "confusion", "config/text_summary"} <= set(others)
    assert "log" not in record["config"]

    before = whole_files(run)
    assert call(*options, "--resume")[0] == 0
    assert whole_files(run) == before  # it is finished


def test_a_logger_that_fails_harms_no_training(call, tiny, monkeypatch):
    told = []

    class Failing(Logger):
        packages = ()

        def __init__(self, folder, name, config, first):
            told.append((folder.name, config["training.epochs"], first))

        def scalars(self, group, at, values):
            told.append((group, at))
            if at == 3:
                raise ConnectionError("the server is gone")

        def figure(self, name, path):
            told.append("a figure")

        def close(self):
            told.append("the end")

    monkeypatch.setitem(LOGGERS, "mlflow", Failing)
    with pytest.warns(UserWarning, match="mlflow no longer follows the training, which goes on: Conn.*is gone") as said:
        status, lines, _ = call("--log", "mlflow")
    assert len(said) == 1 and status == 0 and told == [("mlflow", 1, 1), ("step", 1), ("step", 2), ("step", 3)]
    assert any(line.startswith("test accuracy") for line in lines)


def test_a_missing_package_is_named_before_anything_is_done(call, tiny, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "wandb" else found(name))
    status, lines, errors = call("--log", "wandb")
    assert (status, lines) == (2, []) and list(Path().iterdir()) == []
    assert "error: log is wandb, which needs the package wandb: pip install 'gradlab[wandb]', or leave out" in errors


def test_nothing_is_begun_by_a_finished_training(tmp_path):
    with Log(["tensorboard"], tmp_path / "run", {}):
        pass
    assert list(tmp_path.iterdir()) == []


def needs(*packages):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed: pip install it to test")


@needs("tensorboard")
def test_tensorboard_itself_reads_it(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for first, last in ((1, 8), (6, 10)):
        with Log(["tensorboard"], tmp_path / "run", {"network": {"hidden": [8]}}) as log:
            followed(log, first, last)
            log.end(RECORD, tmp_path)
    read = EventAccumulator(str(tmp_path / "run/log/tensorboard"), purge_orphaned_data=True)
    read.Reload()
    assert sorted(event.step for event in read.Scalars("step/loss")) == list(range(1, 11))
    assert [event.value for event in read.Scalars("epoch/train_loss")] == [1.0, 2.0]
    assert "hidden" in read.Tensors("config/text_summary")[0].tensor_proto.string_val[0].decode()


@needs("mlflow", "sqlalchemy", "alembic")
@pytest.mark.filterwarnings("default")
def test_mlflow(tmp_path, monkeypatch):
    from mlflow.tracking import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    figures = a_figure(tmp_path / "figures")
    for first, last in ((1, 8), (6, 10)):
        with Log(["mlflow"], tmp_path / "run", {"network": {"hidden": [8]}, "seed": 0}) as log:
            followed(log, first, last)
    with Log(["mlflow"], tmp_path / "run", {}) as log:
        log.end(RECORD, figures)
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/run/log/mlflow/mlflow.db")
    (run,) = client.search_runs(["1"])
    assert (run.data.params, run.info.status) == ({"network.hidden": "[8]", "seed": "0"}, "FINISHED")
    steps = client.get_metric_history(run.info.run_id, "step/loss")
    assert sorted(metric.step for metric in steps) == list(range(1, 11))
    assert run.data.metrics["end/test_accuracy"] == 0.75 and run.data.metrics["epoch/train_loss"] == 2.0
    assert [file.path for file in client.list_artifacts(run.info.run_id, "figures")] == ["figures/curves.png"]


def wandb_records(path):
    """The records of an offline file, whose form is that of LevelDB's log."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if 32768 - at % 32768 < 7:  # the rest of a block
            at += 32768 - at % 32768
            continue
        size, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        parts += content[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(parts)
            parts = b""


@needs("wandb")
@pytest.mark.filterwarnings("default")
def test_wandb_offline(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    figures = a_figure(tmp_path / "figures")
    for first, last in ((1, 5), (6, 10)):
        with Log(["wandb"], tmp_path / "run", {"network": {"hidden": [8]}}) as log:
            followed(log, first, last)
            log.end(RECORD, figures)
    files = sorted((tmp_path / "run/log/wandb/wandb").glob("offline-run-*/*.wandb"))
    assert len(files) >= 1 and len({path.name for path in files}) == 1  # one run, in one part or two
    found, config = {}, {}
    for path in files:
        for record in wandb_records(path):
            for item in record.history.item:
                found.setdefault("/".join(item.nested_key) or item.key, []).append(json.loads(item.value_json))
            config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    assert found["step/number"] == list(range(1, 11)) and len(found["step/loss"]) == 10
    assert found["epoch/train_loss"] == [1.0, 2.0] and set(found["end/test_accuracy"]) == {0.75}
    assert "curves" in {name.split("/")[0] for name in found} and config["network.hidden"] == [8]
