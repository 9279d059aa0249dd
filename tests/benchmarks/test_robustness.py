"""Fuzzers are run, and what they count is recorded, also when they fail or do not end."""

import shutil
from pathlib import Path

import pytest

from benchmarks.robustness import measure as robustness
from benchmarks.robustness.__main__ import COMMAND
from benchmarks.robustness.figure import FAILURES, table
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]
FUZZER = """
import pytest


@pytest.mark.fuzz
def test_it(tally):
    tally.passed()
    {}
    tally.check(1)
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with the real frame of the fuzzers; returns its folder for them."""
    folder = tmp_path / "tests" / "fuzz"
    folder.mkdir(parents=True)
    for name in ("conftest.py", "tally.py"):
        shutil.copy(ROOT / "tests" / "fuzz" / name, folder)
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--tally')\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = fuzz\npythonpath = tests/fuzz\n")
    monkeypatch.setattr(robustness, "ROOT", tmp_path)
    return folder


def test_a_record_for_each_kind(checkout, tmp_path, capfd):
    (checkout / "test_calls.py").write_text(FUZZER.format(""))
    (checkout / "test_files.py").write_text(FUZZER.format("tally.fail('silent', 'file 7')"))
    (checkout / "test_kills.py").write_text("import os; os._exit(9)")
    config = robustness.Config(out=tmp_path / "out")
    record = COMMAND.run(config)
    written = records.read(tmp_path / "out" / "robustness.jsonl")
    assert [(r["config"], r["status"]) for r in written] == [
        ({"kind": "calls"}, "ok"), ({"kind": "files"}, "failed"), ({"kind": "kills"}, "failed")
    ]  # fmt: skip
    assert record == written[1] and written[2]["reason"] == "pytest ended with status 9"
    none = dict.fromkeys(FAILURES, 0)
    assert written[0]["metrics"].items() >= ({"tries": 1} | none).items()
    assert written[1]["metrics"].items() >= ({"tries": 2} | none | {"silent": 1}).items()
    assert written[2]["metrics"]["tries"] is None
    printed = capfd.readouterr().out
    assert "file 7" in printed and table(written) in printed
    assert "| files | 2 | 0 | 0 | 1 | 0 |" in printed and "| kills | unknown |" in printed


def test_kinds_are_chosen(checkout, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="run this in a checkout"):
        COMMAND.run(robustness.Config(out=tmp_path / "out"))
    for kind in ("one", "two"):
        (checkout / f"test_{kind}.py").write_text("")
    with pytest.raises(ValueError, match="kinds has 'three', expected some of one, two"):
        COMMAND.run(robustness.Config(("one", "three"), out=tmp_path / "out"))
    with pytest.raises(ValueError, match="kinds is"):
        robustness.Config(kinds=(1,))
    assert not (tmp_path / "out").exists()
