"""Every benchmark is in the registry, and is a command; choices of their options are those of what they measure."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from benchmarks import BENCHMARKS
from benchmarks.gradient_agreement.figure import FIGURES
from benchmarks.gradient_agreement.measure import Part
from benchmarks.memory_scaling.config import Config
from benchmarks.memory_scaling.measure import SWEEPS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_a_command(name):
    command = importlib.import_module(f"benchmarks.{name}.__main__").COMMAND
    assert (command.name, command.program) == (name, f"benchmarks.{name}")
    assert command.settings().out == Path("runs")


def test_no_benchmark_is_forgotten():
    assert {path.parent.name for path in (ROOT / "benchmarks").glob("*/__main__.py")} == set(BENCHMARKS)


def test_choices_are_what_is_measured():
    assert set(get_args(Part)) == set(FIGURES)
    assert set(get_args(get_args(Config.__annotations__["processes"])[0])) == set(SWEEPS)


@pytest.mark.parametrize(("arguments", "status", "said"), [((), 0, "  linear "), (("nonsense",), 1, "expected one of")])
def test_the_list_of_benchmarks(arguments, status, said):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == status and said in done.stdout + done.stderr
