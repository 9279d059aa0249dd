"""The examples of the documentation run and show what they say."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "docs/examples"


@pytest.mark.slow
def test_learned_lags():
    reached = runpy.run_path(str(EXAMPLES / "learned_lags.py"))["main"]()
    assert reached["none"] < 0.25  # chance is an eighth
    assert reached["none"] + 0.4 < reached["random"] < reached["trained"] - 0.05
    assert reached["trained"] > 0.98


@pytest.mark.slow
def test_delays_are_learned_within_few_epochs():
    reached = runpy.run_path(str(EXAMPLES / "learned_lags.py"))["main"](epochs=20)
    assert reached["none"] < 0.25 and reached["trained"] > 0.5
