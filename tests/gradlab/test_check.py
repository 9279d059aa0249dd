"""The check command finds exact gradients exact, and would find wrong ones wrong."""

import json

import jax
import pytest

from gradlab import check
from gradlab.random_networks import CASES


@pytest.fixture(autouse=True)
def float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def report(**changes):
    return check.Report(errors={"w_in": {"mean": 1e-9}}, spikes=10, checked=5, **changes)


def test_record_and_verdict_of_a_good_report():
    record = check.record(report(implicit=1e-12), check.Config())
    assert (record["benchmark"], record["method"], record["status"]) == ("check", "eventprop", "ok")
    assert record["metrics"]["worst_relative_error"] == 1e-9
    json.dumps(record)


@pytest.mark.parametrize("fault", [{"missed": 1}, {"implicit": 1e-3}])
def test_a_fault_fails(fault):
    assert check.record(report(**fault), check.Config())["status"] != "ok"


def test_one_case_end_to_end():
    found = check.check_gradients([CASES[0]], ["exp"])
    assert found.passed and found.worst <= 1e-6 and found.spikes > 0 and found.missed == 0
    assert "w_rec" in check.table(found)
