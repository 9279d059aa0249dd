"""Fixtures of the main command."""

import sys

import pytest
from tiny_data import tiny_data, tiny_splits

from gradlab import bench, configuration

SMALL = (
    "--epochs 1 --hidden 8 --batch-size 8 --duration 0.06 --channel-shift 1 --initialiser fluctuation-driven".split()
)


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run the command line in an empty folder; returns exit status, lines on standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", *SMALL, *arguments])
        try:
            status = bench.main()
        except SystemExit as stop:
            status = stop.code
        printed = capfd.readouterr()
        return status, printed.out.splitlines(), printed.err

    return run


@pytest.fixture
def tiny(monkeypatch):
    """Load tiny data instead of any other; the test samples are fewer than a batch."""
    splits = tiny_splits()._replace(test=tiny_data(5, 2))
    monkeypatch.setattr(configuration, "load", lambda name, folder, groups: splits)
