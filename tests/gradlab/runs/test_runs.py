"""Folders of runs: listed, published, and kept apart."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made_runs import made, printed

from gradlab.reporting import records
from gradlab.runs import RunFolder, listing, publishing

OWNER = """
import os, signal, sys
from pathlib import Path
from gradlab.runs import RunFolder
with RunFolder(Path(sys.argv[1])).held({"a": 1}):
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_configurations_never_share_a_folder(tmp_path):
    names = {RunFolder.of(tmp_path, "a b/c", {"x": x}).path.name for x in (1, 1.5, "1", None, [1])}
    assert len(names) == 5 and all(name.startswith("a_b_c-") for name in names)
    run = RunFolder(tmp_path / "run")
    with run.held({"x": 1}):
        pass
    assert not run.path.exists()  # nothing was done
    for _ in range(2):
        with run.held({"x": 1}):
            run.params.touch()
    with pytest.raises(ValueError, match=r"run/config.json is of another run: remove .*run, or choose"), run.held({}):
        pass


def test_folders_of_the_same_name_are_alike(tmp_path):
    here, other, longer = (RunFolder.of(tmp_path, name, {"x": x}) for name, x in (("a", 1), ("a", 2), ("a-b", 1)))
    for run in (other, longer):
        run.path.mkdir()
    assert list(tmp_path.glob(here.alike)) == [other.path]


def test_a_list_of_runs(tmp_path, capsys):
    assert printed(listing.main, capsys, "--out", tmp_path)[:2] == (
        0,
        f"{tmp_path} has no runs yet: gradlab train makes one\n",
    )
    done, failed = made(tmp_path, "done", 0), made(tmp_path, "failed", 1, status="diverged", metrics={})
    stopped = RunFolder.of(tmp_path, "stopped", {})
    with stopped.held({}):
        stopped.params.touch()
    (tmp_path / "figures").mkdir()  # of benchmarks: no run
    status, out, _ = printed(listing.main, capsys, "--out", tmp_path)
    head, *rows = out.splitlines()
    found = {row.split()[0]: row.split()[1:] for row in rows}
    assert status == 0 and head.split()[:4] == ["run", "state", "epochs", "test"]
    assert found[done.path.name][:7] == ["ok", "3", "50.0%", "-", "-", "1,234", "10"]
    assert found[failed.path.name][:3] == ["diverged", "-", "-"] and found[stopped.path.name][0] == "stopped"
    with stopped.held({}):
        status, out, _ = printed(listing.main, capsys, "--out", tmp_path, "--json")
    each = [json.loads(line) for line in out.splitlines()]
    assert [(Path(run["run"]), run["state"]) for run in each][-1] == (stopped.path, "under way")
    assert each[0]["test_accuracy"] == 0.5 and len(each) == 3


def test_a_list_of_no_folder_is_refused(tmp_path, capsys):
    status, _, errors = printed(listing.main, capsys, "--out", tmp_path / "none")
    assert status == 2 and "none is no folder: give the one with your runs as --out" in errors


def test_a_killed_owner_is_not_in_the_way(tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, folder], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        with (
            pytest.raises(OSError, match="run is under way in another process: wait"),
            RunFolder(folder).held({"a": 1}),
        ):
            pass
        assert listing.runs_in(tmp_path)[0]["state"] == "under way"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert listing.runs_in(tmp_path)[0]["state"] == "stopped"
    with RunFolder(folder).held({"a": 1}):
        RunFolder(folder).params.touch()
    assert {path.name for path in folder.iterdir()} == {"config.json", "params.npz"}


def test_the_record_of_a_finished_training_is_never_lost(tmp_path):
    run = made(tmp_path, "run", 0)
    (record,) = records.read(run.path / "record.json")
    run.write_record(record | {"status": "interrupted"}, resumed=True)
    run.write_record(record | {"seed": 7}, resumed=True)
    assert run.record()["seed"] == 7 and records.read(run.path / "record.1.json") == [record]
    assert not (run.path / "record.2.json").exists()  # of the interruption


def test_publishing_appends_once_and_changes_nothing_else(tmp_path, capsys):
    runs, to = [made(tmp_path / "runs", name, k) for k, name in enumerate("ab")], tmp_path / "results"
    status, out, errors = printed(publishing.main, capsys, *(run.path for run in runs), "--to", to)
    assert status == 0 and out.count("record and figures are now in") == 2, errors
    published = records.read_all(to / "trainings")
    assert [record["seed"] for record in published] == [0, 1]
    assert all(record["samples"] == {"loss": [2]} for record in published)
    figures = {f"curves-{run.path.name}.png" for run in runs}
    assert {path.name for path in (to / "figures").iterdir()} == figures
    status, out, _ = printed(publishing.main, capsys, runs[0].path, "--to", to)
    assert status == 0 and "was already published" in out
    assert records.read_all(to / "trainings") == published


def test_a_long_training_is_published_with_some_of_its_epochs(tmp_path):
    short = publishing.shortened({"train_loss": [1 / 3] * 100, "raster": [1]})
    assert short == {"train_loss": [0.333333] * 100}
    numbers = list(range(1, 102))
    samples = {"train_loss": numbers, "tau_mem_quantiles": [[1 / k, None] for k in numbers], "confusion": {"a": [1]}}
    short = publishing.shortened(samples)
    assert short["epoch"] == short["train_loss"] == [1, *range(5, 102, 6)]
    assert short["tau_mem_quantiles"][:3] == [[1.0, None], [0.2, None], [0.0909091, None]]
    assert short["confusion"] == {"a": [1]}
    assert publishing.shortened({"bptt": samples}) == {"bptt": short}  # a comparison
    run = made(tmp_path / "runs", "long", 0, samples=samples)
    assert publishing.publish(run.path, tmp_path) and not publishing.publish(run.path, tmp_path)


@pytest.mark.parametrize(
    ("what", "message"),
    [("none", "no run is named"), ("foreign", "is no folder of a run"), ("early", "ended as interrupted, expected a")],
)
def test_what_is_no_finished_run_is_not_published(what, message, tmp_path, capsys):
    given = {"none": [], "foreign": [tmp_path]}.get(what)
    if given is None:
        given = [made(tmp_path, "a", 0).path, made(tmp_path, "b", 1, status="interrupted").path]
    status, _, errors = printed(publishing.main, capsys, *given, "--to", tmp_path / "to")
    assert status == 2 and message in errors and not (tmp_path / "to").exists()
