"""Tables and figures of records that were committed before names changed."""

import importlib
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from gradlab.reporting import records

RESULTS = Path(__file__).parents[2] / "results"


@pytest.mark.parametrize("name", ["accuracy", "linear", "initialisation", "ablation", "gradient_agreement"])
def test_newest_record_is_shown(name):
    command = importlib.import_module(f"benchmarks.{name}.__main__").COMMAND
    record = records.read(RESULTS / command.file)[-1]
    assert command.table(record)
    if command.figures is not None:
        drawn = command.figures(record)
        assert drawn and all(isinstance(figure, Figure) for figure in drawn.values())
        assert all((RESULTS / "figures" / file).exists() for file in drawn)
