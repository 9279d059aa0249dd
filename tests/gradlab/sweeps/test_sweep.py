"""The command: two real trainings, and what it answers."""

import importlib.util
import sys

import pytest
from made_runs import printed
from tiny_sweep import ROOT, TINY, recorded

from gradlab.sweeps import job, plan, sweep
from gradlab.sweeps.job import Training


def test_two_trainings_at_once(tmp_path, monkeypatch, capsys):
    """They are found again by the folders that were planned; a third seed is added to them."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    given = ["--out", str(tmp_path), "--set", *TINY, "--workers", "2", "--threads", "1"]
    status, out, errors = printed(sweep.main, capsys, *given, "--seeds", "0-1")
    assert status == 0 and out.endswith("2 of 2 runs are finished\n"), out + errors
    assert errors.count(": done\n") == 2 and "4/4" in errors
    names = list(recorded(tmp_path))
    assert len(names) == 2 and all(name in out for name in names)
    monkeypatch.setattr(sweep, "planned", lambda lines: plan.plan(list(lines)))
    monkeypatch.setattr(sweep, "_done", None)  # nothing is started again
    assert printed(sweep.main, capsys, *given, "--seeds", "1,0")[0] == 0
    status, out, _ = printed(sweep.main, capsys, *given, "--seeds", "0-2", "--dry-run")
    rows = [line.split()[:2] for line in out.splitlines()[1:]]
    assert status == 0 and [state for _, state in rows] == ["ok", "ok", "not"]  # not started
    assert [name for name, _ in rows][:2] == names and len(list(tmp_path.iterdir())) == 3


def test_runs_that_failed_are_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "planned", lambda lines: [plan.Run(tmp_path / name, (), 1) for name in "ab"])
    monkeypatch.setattr(sweep, "_done", lambda runs, config: {runs[1].path: "error: no luck (log: LOG)"})
    status, out, _ = printed(sweep.main, capsys, "--out", tmp_path)
    assert status == 1
    assert out.splitlines()[-2:] == [f"failed: {tmp_path / 'b'}: error: no luck (log: LOG)", "1 of 2 runs are finished"]


def test_without_submitit(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    status, _, errors = printed(sweep.main, capsys, "--out", tmp_path)
    assert status == 2 and "needs the package submitit, which is not there: pip install 'gradlab[sweep]'" in errors


@pytest.mark.filterwarnings("ignore:os.fork")  # JAX is in the process of the tests, but not in a worker
@pytest.mark.parametrize(("status", "slept"), [(130, True), (2, False)])
def test_a_job_that_its_scheduler_ends_waits_for_that(status, slept, monkeypatch):
    """If it ended by itself, SLURM would not start it again."""
    durations = []
    monkeypatch.setattr(job.time, "sleep", durations.append)
    with pytest.raises(SystemExit) as end:
        Training((sys.executable, "-c", f"raise SystemExit({status})"), None, 1.0)()
    assert end.value.code == status and (600 in durations) == slept
