"""The frame of a command: nothing that was measured is lost, and all is said in one line."""

import os
import signal
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from gradlab.command import Command, Outcome
from gradlab.reporting import records


@dataclass(frozen=True)
class Config:
    out: Path = Path("here")
    json: bool = False


def command(measure=lambda config: Outcome({"x_s": 1.5})):
    return Command(
        "toy", Config, measure, "toy", table=lambda record: f"x {record['metrics']['x_s']}",
        figures=lambda record: {"toy.png": Figure()},
    )  # fmt: skip


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(made):
        status = made.main([])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_table_record_and_figure(call):
    status, lines, errors = call(command())
    assert (status, errors) == (0, "") and lines.startswith("x 1.5\n")
    assert [record["metrics"] for record in records.read("here/toy.jsonl")] == [{"x_s": 1.5}]
    assert [path.name for path in Path("here/figures").iterdir()] == ["toy.png"]


def test_the_table_is_printed_although_the_disk_is_full(call, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    status, lines, errors = call(command())
    assert (status, lines) == (2, "x 1.5\n")
    assert errors.startswith("error: here/toy.jsonl cannot be written (only 10 of") and errors.count("\n") == 1
    assert Path("here/toy.jsonl").read_bytes() == b""


def test_a_figure_that_does_not_fit_leaves_the_one_before(call, monkeypatch):
    call(command())
    before = Path("here/figures/toy.png").read_bytes()

    def full(path, target):
        raise OSError("full")

    monkeypatch.setattr(Path, "replace", full)
    status, lines, errors = call(command())
    assert (status, lines) == (2, "x 1.5\n")
    assert errors.startswith("error: here/figures/toy.png cannot be written (full)")
    assert Path("here/figures/toy.png").read_bytes() == before and len(list(Path("here/figures").iterdir())) == 1
    assert len(records.read("here/toy.jsonl")) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it(call, number):
    status, lines, errors = call(command(lambda config: signal.raise_signal(number)))
    assert (status, lines) == (130, "")
    assert errors == "error: interrupted; what is not recorded or kept yet is lost\n"


@pytest.mark.parametrize("status", [0, 1, 130])
def test_after_an_interruption_nothing_runs_any_more(status):
    """Programs that still run would crash while Python ends."""
    code = f"""
import atexit
from gradlab.command import exit_with
atexit.register(print, "Python ends")
print("said")
exit_with({status})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert done.stdout.splitlines() == (["said"] if status == 130 else ["said", "Python ends"])


def test_a_warning_is_one_line(call):
    def measure(config):
        said = warnings.formatwarning("line 2:\n cut", UserWarning, "x.py", 1)  # pytest shows warnings in its own way
        return Outcome({"x_s": said})

    before = warnings.formatwarning
    assert call(command(measure))[1].startswith("x warning: line 2: cut\n")
    assert warnings.formatwarning is before
