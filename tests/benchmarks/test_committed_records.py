"""Tables and figures of records that were committed before names changed."""

import importlib
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from benchmarks.robustness.figure import FAILURES, table
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"


@pytest.mark.parametrize(
    "name", ["accuracy", "linear", "initialisation", "ablation", "gradient_agreement", "gygax_zenke"]
)
def test_newest_record_is_shown(name):
    command = importlib.import_module(f"benchmarks.{name}.__main__").COMMAND
    record = records.read(RESULTS / command.file)[-1]
    assert command.table(record)
    if command.figures is not None:
        drawn = command.figures(record)
        assert drawn and all(isinstance(figure, Figure) for figure in drawn.values())
        assert all((RESULTS / "figures" / file).exists() for file in drawn)


def test_no_fuzzer_found_anything_and_the_page_says_so():
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    newest = {record["config"]["kind"]: record for record in records.read(RESULTS / "robustness.jsonl")}
    assert newest
    for record in newest.values():
        assert record["status"] == "ok" and not any(record["metrics"][way] for way in FAILURES)
        assert table([record]).splitlines()[-1] in page.splitlines()
