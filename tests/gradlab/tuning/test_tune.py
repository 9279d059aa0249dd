"""The command: a real search, its record, figure and table; what it refuses."""

import importlib.util
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from optuna import Trial, TrialPruned
from tiny_data import tiny_splits

from gradlab import configuration
from gradlab.data import Splits, by_group, make_synthetic
from gradlab.reporting import records
from gradlab.training.json_types import digest
from gradlab.training.loop import Trainer
from gradlab.training.result import Result
from gradlab.tuning import __main__, tune
from gradlab.tuning.config import Config
from gradlab.tuning.evaluation import Evaluation

SMALL = (
    "--epochs 2 --hidden 8 --batch-size 8 --duration 0.06 --initialiser fluctuation-driven --channel-shift 0".split()
)
TWO = ["--method", "eventprop", "bptt", "--trials", "3"]


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run the command line in an empty folder; returns exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradlab tune", *arguments])
        try:
            status = __main__.main()
        except SystemExit as stop:
            status = stop.code
        return status, *capfd.readouterr()

    return run


@pytest.fixture
def tiny(monkeypatch):
    """Tiny data instead of any other."""
    monkeypatch.setattr(configuration, "load", lambda name, folder, groups: tiny_splits())


@pytest.fixture
def untrained(tiny, monkeypatch):
    """Trials that train nothing: the slower, the better; the second one of each method lags behind."""

    def accuracy(self, method, trial):
        rate = trial.suggest_float("learning_rate", 1e-4, 3e-2, log=True)
        trial.report(0.25, 1)
        if trial.number == 1:
            raise TrialPruned
        trial.report(1 - rate, 2)
        return 1 - rate

    monkeypatch.setattr(Evaluation, "__call__", accuracy)


def only(pattern):
    (path,) = Path().glob(pattern)
    return path


def test_a_search_of_the_synthetic_set(call, monkeypatch):
    """Of two trials, which are trained: with some of its recordings, of which those of one speaker are held out."""
    recordings, test = make_synthetic(train=240, test=20)
    held_out = []

    def load(name, folder, groups):
        held_out.append((name, groups))
        return Splits(*by_group(recordings, groups), test)

    monkeypatch.setattr(configuration, "load", load)
    monkeypatch.setattr(Trainer, "evaluate", not_of(test, Trainer.evaluate))
    options = "--dataset synthetic --method eventprop --trials 2 --epochs 1 --hidden 16 --batch-size 64".split()
    status, said, errors = call(*options, "--json")
    assert status == 0 and held_out == [("synthetic", (8,))], errors
    record = json.loads(said.splitlines()[-1])
    trials = record["samples"]["eventprop"]
    assert [trial["state"] for trial in trials] == ["complete"] * 2 and [trial["epochs"] for trial in trials] == [1, 1]
    assert trials[0]["settings"]["learning_rate"] == record["config"]["training"]["learning_rate"]
    assert trials[1]["settings"] != trials[0]["settings"]
    best = max(trials, key=lambda trial: trial["accuracy"])
    assert record["metrics"]["eventprop"]["best_settings"] == best["settings"]


def not_of(test, evaluate):
    """The same function, which refuses the test set."""

    def checked(self, params, data, *arguments, **settings):
        assert data is not test and len(data) != len(test)
        return evaluate(self, params, data, *arguments, **settings)

    return checked


def test_record_figure_and_table(call, untrained):
    status, said, errors = call(*SMALL, *TWO)
    assert status == 0, errors
    folder = only("runs/tune-*")
    assert {path.name for path in folder.iterdir()} == {"record.json", "journal.log", "figures"}
    assert (folder / "figures" / "tuning.png").stat().st_size > 1000
    (record,) = records.read(folder / "record.json")
    assert (record["benchmark"], record["status"], record["method"]) == ("tune", "ok", "eventprop-bptt")
    for method, found in record["metrics"].items():
        assert {name: found[name] for name in ("trials", "pruned", "retried", "epochs")} == {
            "trials": 3, "pruned": 1, "retried": 0, "epochs": 5,
        }  # fmt: skip
        curves = {trial["number"]: trial["curve"] for trial in record["samples"][method]}
        assert curves[1] == [0.25] and found["best_accuracy"] == max(curves[0][1], curves[2][1])
    rows = {line[:24].strip(): line[24:].split() for line in said.splitlines()}
    assert rows["EventProp"][:4] == rows["BPTT-SG"][:4] == ["3", "1", "0", "5"]
    commands = [shlex.split(line) for line in said.splitlines() if line.startswith("  gradlab train")]
    rates = [float(command[command.index("--learning-rate") + 1]) for command in commands]
    assert rates == [found["best_settings"]["learning_rate"] for found in record["metrics"].values()]


def test_nothing_of_a_machine_is_recorded(call, untrained, tmp_path):
    status, _, errors = call(*SMALL, "--trials", "1", "--storage", str(tmp_path / "shared" / "journal.log"))
    assert status == 0, errors
    assert (tmp_path / "shared" / "journal.log").exists() and not list(Path("runs").glob("*/journal.log"))
    assert str(tmp_path) not in only("runs/tune-*/record.json").read_text()


def test_a_finished_search_adds_nothing_and_a_longer_one_goes_on(call, untrained):
    call(*SMALL, *TWO)
    path = only("runs/tune-*/record.json")
    before = path.read_bytes()
    status, said, _ = call(*SMALL, *TWO)
    assert status == 0 and "EventProp" in said and path.read_bytes() == before and not list(path.parent.glob("*.1.*"))
    status, *_ = call(*SMALL, "--method", "bptt", "--trials", "4")
    (record,) = records.read(path)
    assert status == 0 and {name: of["trials"] for name, of in record["metrics"].items()} == {"eventprop": 3, "bptt": 4}
    assert (path.parent / "record.1.json").read_bytes() == before


def test_searches_that_differ_never_mix(call, untrained):
    call(*SMALL, "--trials", "1", "--storage", "journal.log")
    status, *_ = call(*SMALL, "--trials", "2", "--storage", "journal.log", "--epochs", "3")
    trials = [records.read(path)[0]["metrics"]["eventprop"]["trials"] for path in Path("runs").glob("*/record.json")]
    assert status == 0 and sorted(trials) == [1, 2]


def test_all_that_must_not_differ_does_so():
    splits, usual = tiny_splits(), Config()
    others = [
        replace(usual, **{part: replace(getattr(usual, part), **{name: value})})
        for part, name, value in (
            ("network", "hidden", (9,)), ("training", "epochs", 7), ("training", "seed", 1), ("options", "slope", 5.0),
        )
    ]  # fmt: skip
    found = [digest(tune.what_must_not_differ(config, splits)) for config in (usual, *others)]
    found += [digest(tune.what_must_not_differ(usual, splits._replace(validation=splits.test)))]
    found += [digest(tune.what_must_not_differ(usual, splits._replace(train=splits.test)))]
    assert len(set(found)) == 7
    assert digest(tune.what_must_not_differ(replace(usual, trials=99, storage="x"), splits)) == found[0]


def test_an_interrupted_search_goes_on(call, untrained, monkeypatch):
    evaluate = Evaluation.__call__

    def stopped(self, method, trial):
        if trial.number == 1:
            raise KeyboardInterrupt
        return evaluate(self, method, trial)

    monkeypatch.setattr(Evaluation, "__call__", stopped)
    status, said, errors = call(*SMALL, *TWO)
    (record,) = records.read(only("runs/tune-*/record.json"))
    assert (status, record["status"]) == (130, "interrupted"), errors
    assert "the search was stopped: the same command goes on with it" in errors
    assert record["metrics"]["eventprop"]["trials"] == 1
    monkeypatch.setattr(Evaluation, "__call__", evaluate)
    assert call(*SMALL, *TWO)[0] == 0
    (record,) = records.read(only("runs/tune-*/record.json"))
    assert record["status"] == "ok" and record["metrics"]["eventprop"]["trials"] == 3
    assert record["metrics"]["eventprop"]["retried"] == 1


def test_a_trial_that_lags_behind_is_given_up_after_an_epoch(call, tiny, monkeypatch):
    monkeypatch.setattr(Trial, "should_prune", lambda trial: True)
    status, _, errors = call(*SMALL, "--trials", "1")
    (record,) = records.read(only("runs/tune-*/record.json"))
    assert status == 0, errors
    (trial,) = record["samples"]["eventprop"]
    assert (trial["state"], trial["epochs"], trial["curve"]) == ("pruned", 1, [trial["accuracy"]])
    assert record["metrics"]["eventprop"]["best_settings"] is None


def test_a_training_that_diverges_is_a_trial_that_is_never_the_best(call, tiny, monkeypatch):
    def fit(self, splits, on_epoch):
        assert splits.test is None
        return Result(self.init(splits.train), "diverged", "the loss is nan")

    monkeypatch.setattr(Trainer, "fit", fit)
    status, said, errors = call(*SMALL, "--trials", "2")
    (record,) = records.read(only("runs/tune-*/record.json"))
    assert status == 0, errors
    assert [trial["ended"] for trial in record["samples"]["eventprop"]] == ["diverged: the loss is nan"] * 2
    assert record["metrics"]["eventprop"] | {"best_accuracy": None, "pruned": 2} == record["metrics"]["eventprop"]
    assert only("runs/tune-*/figures/tuning.png").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--patience", "3"], "patience is 3, expected 0: all trials of a search have the same epochs"),
        (["--rate-strength", "0"], "rate_strength is 0, but is searched from 1e-08 to 0.001"),
        (["--storage", "mysql://x/y"], "storage is a database of the kind mysql: expected a file, or postgresql://"),
    ],
)
def test_what_cannot_be_searched_is_refused(given, message, call):
    status, _, errors = call("--dataset", "synthetic", *given)
    assert status == 2 and errors.startswith("error: ") and errors.count("\n") == 1 and message in errors


def test_data_of_which_nothing_is_held_out_are_refused(call, monkeypatch):
    monkeypatch.setattr(configuration, "load", lambda name, folder, groups: tiny_splits()._replace(validation=None))
    status, _, errors = call(*SMALL)
    assert status == 2 and "nothing is held out of data set tiny to judge settings by: name groups of it" in errors


def test_a_missing_package_is_named_before_anything_is_done(call, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else found(name))
    status, _, errors = call()
    assert status == 2 and list(Path().iterdir()) == []
    assert errors == "error: a search needs the package optuna, which is not there: pip install 'gradlab[tune]'\n"


def test_a_search_takes_no_options_of_a_single_training(call):
    assert call("--resume")[0] == 2 and call("--log", "tensorboard")[0] == 2
