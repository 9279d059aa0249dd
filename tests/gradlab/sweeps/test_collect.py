"""Records of many folders in one table, each once."""

import importlib.util
import json
import shutil
import sqlite3

import pytest
from made_runs import made, printed
from pyarrow import parquet

from gradlab.sweeps import collect
from gradlab.sweeps.stores import store_of

METRICS = {"test_accuracy": 0.5, "event_capacity": [64, 8]}


def told(seed, **more):
    """A run's record as a training has it."""
    config = {"method": ["eventprop"], "samples": [30, 5, 9], "training": {"learning_rate": 0.1, "seed": seed}}
    return {"config": config, "metrics": METRICS | more}


@pytest.fixture
def machines(tmp_path):
    """Runs of two machines; one of them is on both, and one of them is not finished."""
    here, there = tmp_path / "here", tmp_path / "there"
    first = made(here, "a", 0, **told(0))
    made(here, "b", 1, **told(1, new_figure=3))
    made(there, "c", 2, **told(2), status="interrupted")
    made(there, "d", 3, **told(3), status="diverged")
    shutil.copytree(first.path, there / first.path.name)
    return here, there


def rows_in(to):
    if to.endswith(".parquet"):
        return parquet.read_table(to).to_pylist()
    with sqlite3.connect(to.removeprefix("sqlite:///")) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("select * from trainings")]
    connection.close()
    return found


@pytest.fixture(params=["all.parquet", "sqlite:///{}/all.db"])
def to(request, tmp_path):
    return request.param.format(tmp_path) if "{}" in request.param else str(tmp_path / request.param)


def test_nothing_is_lost_or_doubled(machines, to, capsys):
    """However often, in whatever order, and with columns that come later."""
    here, there = machines
    status, out, errors = printed(collect.main, capsys, there, "--to", to)
    assert status == 0 and "2 new of 2 records" in out and not errors, errors
    assert "1 runs were interrupted, and are left out" in out
    status, out, _ = printed(collect.main, capsys, here, there, here, "--to", to)
    assert status == 0 and "1 new of 3 records" in out
    assert "0 new of 3 records" in printed(collect.main, capsys, here, there, "--to", to)[1]
    rows = sorted(rows_in(to), key=lambda row: row["seed"])
    assert [(row["seed"], row["status"], row["new_figure"]) for row in rows] == [
        (0, "ok", None), (1, "ok", 3), (3, "diverged", None),
    ]  # fmt: skip
    for row in rows:
        assert row["test_accuracy"] == 0.5 and row["training.learning_rate"] == 0.1 and row["training_samples"] == 30
        assert json.loads(row["event_capacity"]) == [64, 8] and str(row["time"]).startswith("20")
    assert {row["run"].rpartition("/")[2][:1] for row in rows} == {"a", "b", "d"}


def test_damaged_records_are_named_and_the_others_are_taken(machines, to, capsys):
    here, there = machines
    bad = {
        "cut": '{"schema_version": 2, "bench',
        "foreign": '{"a": 1}\n',
        "short": '{"schema_version": 2}\n',
        "empty": "",
    }
    for name, text in bad.items():
        (there / name).mkdir()
        (there / name / "record.json").write_text(text)
    status, out, errors = printed(collect.main, capsys, here, there, "--to", to)
    assert status == 1 and "3 new of 3 records" in out and not errors
    damaged = [line for line in out.splitlines() if line.startswith("damaged: ")]
    assert [any(f"{there / name}/record.json" in line for line in damaged) for name in bad] == [True] * 4
    assert len(damaged) == 4 and len(rows_in(to)) == 3


def test_numbers_and_text_in_one_column(tmp_path, to, capsys):
    """Whole numbers and others are numbers; with text, all are text, which a database that has numbers refuses."""
    for seed, figure in enumerate((1, 0.5)):
        made(tmp_path / "runs", "a", seed, **told(seed, figure=figure, note=figure))
    assert printed(collect.main, capsys, tmp_path / "runs", "--to", to)[0] == 0
    assert sorted(row["figure"] for row in rows_in(to)) == [0.5, 1]
    made(tmp_path / "runs", "a", 2, **told(2, note="none"))
    status, _, errors = printed(collect.main, capsys, tmp_path / "runs", "--to", to)
    if to.endswith(".parquet"):
        assert status == 0 and {row["note"] for row in rows_in(to)} == {"1.0", "0.5", "none"}
    else:
        assert status == 2 and "error: note is 'none' in a record, and a number in others" in errors
        assert len(rows_in(to)) == 2


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("all.csv", "to is 'all.csv', expected a file NAME.parquet, or the URL of a database"),
        ("nothing://x", "the database cannot be used (Can't load plugin: sqlalchemy.dialects:nothing)"),
        ("sqlite:////nowhere/at/all.db", "table trainings refuses: unable to open database file"),
        ("foreign.parquet", "foreign.parquet is no table of records"),
    ],
)
def test_other_stores_are_refused(to, message, machines, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foreign.parquet").write_text("foreign")
    status, _, errors = printed(collect.main, capsys, *machines, "--to", to)
    assert status == 2 and message in errors and errors.count("\n") == 1


def test_folders_that_are_not_there_are_refused(tmp_path, capsys):
    status, _, errors = printed(collect.main, capsys, tmp_path / "none", "--to", tmp_path / "all.parquet")
    assert status == 2 and "none does not exist, expected a folder of runs" in errors
    assert "no folder is named" in printed(collect.main, capsys)[2]


@pytest.mark.parametrize(("to", "package"), [("a.parquet", "pyarrow"), ("sqlite:///a.db", "sqlalchemy")])
def test_without_a_package(to, package, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=rf"package {package}, which is not there: pip install 'gradlab\[collect\]'"):
        store_of(to)
