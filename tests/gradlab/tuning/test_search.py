"""Workers of a search, on journal files: exactly as many trials as asked for, whatever happens to a worker."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from optuna import Trial, TrialPruned
from optuna.exceptions import StorageInternalError
from search_worker import EPOCHS, METHODS
from sqlalchemy.exc import OperationalError

from gradlab.tuning import life, search, storage
from gradlab.tuning.history import history_of, summary_of
from gradlab.tuning.search import Effort, study_of

ROOT = Path(__file__).parents[3]
FIRST = dict.fromkeys(METHODS, {"x": 1.0})


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    for module, name, seconds in (
        (life, "BEAT_S", 0.1), (life, "SILENT_S", 1.0), (search, "POLL_S", 0.05), (storage, "PAUSE_S", 0.01),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def journal(tmp_path):
    return str(tmp_path / "journal.log")


def searched(journal, trials, evaluate, names=METHODS):
    """Trials by study after a search."""
    with storage.opened(journal) as shared:
        studies = {name: study_of(shared, name, EPOCHS) for name in names}
        search.search(studies, Effort(trials, EPOCHS, 0), evaluate, FIRST)
        return {name: study.trials for name, study in studies.items()}


def drawn(method, trial):
    return trial.suggest_float("x", 0.1, 10.0, log=True)


def states(trials):
    return [trial.state.name for trial in trials]


def test_methods_have_equally_many_trials_and_the_same_first_ones(journal):
    found = searched(journal, 3, drawn)
    values = {name: [trial.value for trial in trials] for name, trials in found.items()}
    assert values["one"] == values["other"] and values["one"][0] == 1.0 and len(set(values["one"])) == 3
    assert [states(trials) for trials in found.values()] == [["COMPLETE"] * 3] * 2
    again = searched(journal, 3, lambda *_: pytest.fail("nothing is left to do"))
    assert [states(trials) for trials in again.values()] == [["COMPLETE"] * 3] * 2
    more = searched(journal, 4, drawn)
    assert [len(trials) for trials in more.values()] == [4, 4]


def test_pruned_trials_count_and_are_never_the_best(journal):
    def evaluate(method, trial):
        x = drawn(method, trial)
        trial.report(10 * x, 1)
        if trial.number == 0:
            raise TrialPruned
        trial.report(x, 2)
        return x

    found = searched(journal, 3, evaluate)["one"]
    summary, history = summary_of(found), history_of(found)
    assert states(found) == ["PRUNED", "COMPLETE", "COMPLETE"]
    assert (summary["trials"], summary["pruned"], summary["epochs"], summary["retried"]) == (3, 1, 5, 0)
    assert history[0]["accuracy"] == 10.0 and history[0]["curve"] == [10.0]
    assert summary["best_accuracy"] == max(trial.value for trial in found[1:]) and summary["best_trial"] > 0


def test_a_worker_that_is_stopped_leaves_its_settings_to_the_next(journal):
    def stopped(method, trial):
        drawn(method, trial)
        trial.report(0.25, 1)
        if trial.number == 1:
            raise KeyboardInterrupt
        return 0.5

    with pytest.raises(KeyboardInterrupt):
        searched(journal, 3, stopped, ["one"])
    found = searched(journal, 3, drawn, ["one"])["one"]
    assert states(found) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert found[2].params == found[1].params and found[2].user_attrs[life.RETRY_OF] == 1
    summary = summary_of(found)
    assert (summary["trials"], summary["retried"], summary["epochs"], summary["lost_epochs"]) == (3, 1, 1, 1)


def test_the_trial_of_a_killed_worker_is_tried_again(journal, capsys):
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("search_worker.py"), journal, "2", "1000"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
    ) as worker:  # fmt: skip
        try:
            until = time.monotonic() + 60
            while not Path(journal).exists() or '"x"' not in Path(journal).read_text():
                assert time.monotonic() < until and worker.poll() is None
                time.sleep(0.05)
        finally:
            worker.kill()
    found = searched(journal, 2, drawn)
    assert states(found["one"]) == ["FAIL", "COMPLETE", "COMPLETE"] and states(found["other"]) == ["COMPLETE"] * 2
    (again,) = (trial for trial in found["one"] if life.RETRY_OF in trial.user_attrs)
    assert again.params == {"x": 1.0}  # of the first trial
    assert "one trial 0 gives no sign of life: it is tried again" in capsys.readouterr().out


def test_a_worker_that_was_taken_for_dead_goes_on(journal):
    def evaluate(method, trial):
        x = drawn(method, trial)
        if trial.number == 0:
            life.retry(trial.study, 0)
        trial.report(x, 1)
        return x

    found = searched(journal, 2, evaluate, ["one"])["one"]
    assert states(found) == ["FAIL", "COMPLETE", "COMPLETE"] and found[1].params == found[0].params


def test_two_workers_that_begin_the_last_trial_do_not_both_train_it(journal):
    """And one that waits ends when the other has ended."""
    ready, trained = threading.Barrier(2), []

    def evaluate(method, trial):
        trained.append(trial.number)
        time.sleep(0.3)
        return drawn(method, trial)

    def work():
        with storage.opened(journal) as shared:
            studies = {"one": study_of(shared, "one", EPOCHS)}
            ask = studies["one"].ask
            # Both have seen that a trial is missing before either begins it.
            studies["one"].ask = lambda: (ready.wait(30) if not trained else None, ask())[1]
            search.search(studies, Effort(1, EPOCHS, 0), evaluate, FIRST)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(trained) == 1
    assert sorted(states(searched(journal, 1, drawn, ["one"])["one"])) == ["COMPLETE", "FAIL"]


def test_a_living_trial_is_not_silent(journal):
    with storage.opened(journal) as shared:
        study, watch = study_of(shared, "one", EPOCHS), life.Watch()
        alive, dead = study.ask(), study.ask()
        with life.beating(alive):
            until = time.monotonic() + 20
            while not (silent := watch.silent(study.trials)):
                assert time.monotonic() < until
                time.sleep(0.1)
            assert silent == [dead.number]
        assert alive.user_attrs[life.BEAT] > 1


def test_a_sign_that_the_storage_does_not_take_is_given_later(journal, monkeypatch):
    told = []

    def refused_once(trial, name, number):
        told.append(number)
        if number == 1:
            raise StorageInternalError

    with storage.opened(journal) as shared:
        trial = study_of(shared, "one", EPOCHS).ask()
        monkeypatch.setattr(Trial, "set_user_attr", refused_once)
        with life.beating(trial):
            until = time.monotonic() + 20
            while len(told) < 2:
                assert time.monotonic() < until
                time.sleep(0.05)


def no_answer(times, cause):
    """A function that fails so many times."""
    left = [cause] * times

    def do():
        if left:
            raise StorageInternalError from left.pop()
        return "done"

    return do


def test_a_server_that_is_away_is_waited_for(monkeypatch):
    away = OperationalError("select 1", {}, Exception("closed"))
    with pytest.warns(UserWarning, match="the storage does not answer") as said:
        assert storage.patiently(no_answer(3, away)) == "done"
    assert len(said) == 1
    with pytest.raises(StorageInternalError):
        storage.patiently(no_answer(3, ValueError("too long")))
    monkeypatch.setattr(storage, "PATIENCE_S", -1.0)
    with pytest.raises(OSError, match="has not answered for -1 s: closed"):
        storage.patiently(no_answer(1000, away))


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("sqlite:///x.db", ValueError, "storage is a database of the kind sqlite: expected a file, or postgresql://"),
        ("post gres://", ValueError, "storage is no URL that can be read: expected a file"),
        (
            "postgresql://me:secret@127.0.0.1:1/x",
            OSError,
            r"the database postgresql\+psycopg://me:\*\*\*@127.0.0.1:1/x",
        ),
        ("/dev/null/journal", OSError, "/dev/null/journal cannot be written .*: choose another --storage"),
    ],
)
def test_impossible_storages_are_refused(where, error, message):
    with pytest.raises(error, match=message) as refused, storage.opened(where):
        pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["not a journal\n", "{}\n", '{"op_code": 0}\n{}\n', '{"op_code": 0, "st\n{}\n'])
def test_a_file_that_is_no_journal_is_refused(text, tmp_path):
    (tmp_path / "notes.txt").write_text(text)
    with pytest.raises(ValueError, match="notes.txt is no journal"), storage.opened(str(tmp_path / "notes.txt")):
        pass
