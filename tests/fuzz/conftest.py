"""Fuzzers run by hand: ``python -m pytest tests/fuzz -m fuzz``; each test is one fuzzer and takes a ``tally``."""

import pytest
from tally import Tally


@pytest.fixture
def tally(request):
    """Counts the tries of one fuzzer, named after its module, and hands the numbers to ``--tally``, if it is given."""
    counts = Tally(request.path.stem.removeprefix("test_"))
    yield counts
    if (folder := request.config.getoption("--tally")) is not None:
        counts.write(folder)
