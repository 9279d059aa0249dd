"""A search in a real PostgreSQL database, which the test makes, starts, restarts and stops."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from postgres_server import Server, binaries
from search_worker import EPOCHS, METHODS

from gradlab.tuning.history import COMPLETE, history_of
from gradlab.tuning.storage import opened

ROOT = Path(__file__).parents[3]
TRIALS = 10  # of each of two methods

pytestmark = pytest.mark.skipif(
    binaries() is None, reason="PostgreSQL's programs postgres and initdb are not there: apt-get install postgresql"
)


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory() as folder:
        made = Server(Path(folder))
        yield made
        made.stop()


@pytest.fixture
def workers(server):
    command = [sys.executable, Path(__file__).with_name("search_worker.py"), server.url, str(TRIALS), "0.3"]
    begun = [
        subprocess.Popen(
            command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    yield begun
    for each in begun:
        each.kill()
        each.communicate()


def trials_in(storage):
    names = optuna.get_all_study_names(storage)
    return {name: optuna.load_study(study_name=name, storage=storage).trials for name in names}


def test_two_workers_lose_no_trial_though_the_server_is_restarted(server, workers):
    until = time.monotonic() + 60
    with opened(server.url) as storage:
        while sum(trial.state.is_finished() for each in trials_in(storage).values() for trial in each) < 5:
            assert time.monotonic() < until and all(each.poll() is None for each in workers)
            time.sleep(0.1)
    server.stop()
    time.sleep(0.5)
    server.start()
    said = [each.communicate(timeout=60)[0] for each in workers]
    assert [each.returncode for each in workers] == [0, 0], said
    assert any("the storage does not answer: waiting for it" in words for words in said), said
    assert all(words.count(", complete: ") >= 3 for words in said), said  # both worked
    with opened(server.url) as storage:
        found = trials_in(storage)
    assert set(found) == set(METHODS)
    for trials in found.values():
        assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING}
        history = history_of(trials)
        assert [each["state"] for each in history] == [COMPLETE] * TRIALS
        settings = [each["settings"]["x"] for each in history]
        assert len(set(settings)) == TRIALS and 1.0 in settings
        for each in history:
            x = each["settings"]["x"]
            assert each["curve"] == [x * epoch for epoch in range(1, EPOCHS + 1)] and each["accuracy"] == x * EPOCHS
