"""What becomes of runs, with jobs that are over at once."""

from types import SimpleNamespace

import pytest
from stand_in import kept, record
from submitit import Job

from gradlab.sweeps.entry import DONE, FAILED
from gradlab.sweeps.plan import Run
from gradlab.sweeps.view import View
from gradlab.sweeps.watching import Sweep
from gradlab.training import archive, files

EPOCHS = 4


class Said(View):
    def __init__(self):
        super().__init__()
        self.said = []

    def show(self, entries):
        assert entries

    def say(self, text):
        self.said.append(text)


class Over(Job):
    """A job that has ended."""

    paths = SimpleNamespace(stderr="LOG")

    def __init__(self, errors):
        self.errors, self._cancel_at_deletion = errors, False

    def done(self):
        return True

    def stderr(self):
        return self.errors


class Launcher:
    """Its jobs do what they are told as they are started; ``tells`` says what, by the number of the start."""

    period = 0.0

    def __init__(self, tells, errors="", cancels=False, at_once=1):
        self.tells, self.errors, self.cancels, self.at_once = tells, errors, cancels, at_once
        self.started = []

    def room(self):
        return self.at_once

    def start(self, runs):
        for run in runs:
            self.started.append(run.path.name)
            self.tells(run, len(self.started))
        return [Over(self.errors) for _ in runs]

    def adopted(self, runs):
        return {}

    def released(self, job):
        pass

    def cancelled(self, job):
        return self.cancels

    def stop(self, jobs, say):
        say(f"{len(jobs)} jobs are stopped")


def finish(run, _):
    record(run.path, status="ok")


def keep_one_more(run, _):
    content = archive.packed({"progress": {"epochs": kept(run.path) + 1}}, {})
    files.replace(run.path / "checkpoint.npz", content)


def swept(folder, launcher, names="a", tries=3):
    view = Said()
    sweep = Sweep([Run(folder / name, (), EPOCHS) for name in names], launcher, tries, view)
    sweep.run()
    return sweep.entries, view.said


def test_finished_runs_are_skipped(tmp_path):
    record(tmp_path / "b", status="ok")
    record(tmp_path / "c", status="interrupted")
    entries, said = swept(tmp_path, launcher := Launcher(finish, at_once=2), "abc")
    assert launcher.started == ["a", "c"] and said == ["a: done", "c: done"]
    assert {entry.state for entry in entries} == {DONE}


def test_a_run_that_fails_is_tried_again_and_then_reported(tmp_path):
    errors = "epoch 1: loss 3\nwarning: slow\nerror: no luck\n  0%|   | 0/3\rsubmitit WARNING\n"
    (entry,), said = swept(tmp_path, launcher := Launcher(lambda *_: None, errors), tries=2)
    assert launcher.started == ["a", "a"]
    assert (entry.state, entry.reason) == (FAILED, "error: no luck (log: LOG)")
    assert said == ["a: goes on after 0 epochs; error: no luck", "a: failed"]


def test_a_run_that_gets_on_is_not_given_up(tmp_path):
    def tell(run, start):
        keep_one_more(run, start) if start < 5 else finish(run, start)

    (entry,), said = swept(tmp_path, launcher := Launcher(tell), tries=1)
    assert entry.state == DONE and len(launcher.started) == 5
    assert "a: goes on after 3 epochs; killed, or ended without a message" in said


def test_a_run_that_gets_no_further_is_given_up(tmp_path):
    def tell(run, start):
        keep_one_more(run, start) if start == 1 else None

    (entry,), _ = swept(tmp_path, launcher := Launcher(tell), tries=2)
    assert entry.state == FAILED and entry.epochs == 1 and len(launcher.started) == 3


@pytest.mark.parametrize(("status", "starts"), [("diverged", 1), ("overflow", 1), ("interrupted", 3)])
def test_what_would_happen_again_is_not_tried_again(status, starts, tmp_path):
    def tell(run, start):
        record(run.path, status=status, reason=f"start {start}")

    (entry,), _ = swept(tmp_path, launcher := Launcher(tell))
    assert len(launcher.started) == starts and entry.reason == f"{status}: start {starts} (log: LOG)"


def test_the_record_of_an_earlier_sweep_is_no_reason(tmp_path):
    record(tmp_path / "a", status="diverged", reason="then")
    (entry,), _ = swept(tmp_path, Launcher(lambda *_: None, "error: now"), tries=2)
    assert entry.reason == "error: now (log: LOG)"


def test_a_cancelled_job_is_not_started_again(tmp_path):
    (entry,), _ = swept(tmp_path, launcher := Launcher(lambda *_: None, cancels=True))
    assert entry.state == FAILED and launcher.started == ["a"]


def test_a_run_that_another_process_does_is_waited_for(tmp_path):
    """Another sweep, or a training whose worker was killed."""
    others = files.in_charge_of_folder(tmp_path / "a")
    others.__enter__()

    def tell(run, start):
        finish(run, start)
        if start == 2:
            finish(Run(tmp_path / "a", (), EPOCHS), start)
            others.__exit__(None, None, None)

    entries, _ = swept(tmp_path, launcher := Launcher(tell), "abc")
    assert launcher.started == ["b", "c"] and {entry.state for entry in entries} == {DONE}


def test_a_run_that_is_left_by_another_process_goes_on(tmp_path):
    others = files.in_charge_of_folder(tmp_path / "a")
    others.__enter__()

    def tell(run, start):
        finish(run, start)
        if start == 1:
            others.__exit__(None, None, None)

    _, _ = swept(tmp_path, launcher := Launcher(tell), "ab")
    assert launcher.started == ["b", "a"]


def test_ctrl_c_stops_the_jobs(tmp_path):
    def tell(run, start):
        raise KeyboardInterrupt

    view = Said()
    with pytest.raises(KeyboardInterrupt):
        Sweep([Run(tmp_path / "a", (), EPOCHS)], Launcher(tell), 1, view).run()
    assert view.said == ["0 jobs are stopped"]
