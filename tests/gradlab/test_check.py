"""The check command finds exact gradients exact, and would find wrong ones wrong."""

import json
from unittest.mock import Mock

import jax
import numpy as np
import pytest

from gradlab import check
from gradlab.command import write_record
from gradlab.measuring import exactness
from gradlab.measuring.cases import AXONS, CASES, QUICK
from gradlab.measuring.existence import ExistenceReport
from gradlab.networks.delays import POSITIONS, SYNAPSES
from gradlab.networks.readouts import READOUTS
from solvers.eventprop import ENGINES
from solvers.events import pad_events

pytestmark = pytest.mark.usefixtures("float64")


def report(**changes):
    return exactness.Report(errors={"w_in": {"mean": 1e-9}}, spikes=10, checked=5, **changes)


def existence(error=1e-9):
    return ExistenceReport({"w_in": error}, 1)


def record_of(found, out):
    return write_record(
        "check", check.Config(out=out), check.outcome(found, existence(), check.Config()), "check.jsonl"
    )


def test_record_and_verdict_of_a_good_report(tmp_path):
    record = record_of(report(implicit=1e-12), tmp_path)
    assert (record["benchmark"], record["method"], record["status"]) == ("check", "eventprop", "ok")
    assert record["metrics"]["worst_relative_error"] == 1e-9
    assert (record["metrics"]["existence_worst_relative_error"], record["metrics"]["existence_ghosts"]) == (1e-9, 1)
    json.dumps(record)


@pytest.mark.parametrize("fault", [{"missed": 1}, {"implicit": 1e-3}])
def test_a_fault_fails(fault):
    assert check.outcome(report(**fault), existence(), check.Config()).status != "ok"


@pytest.mark.parametrize(
    "found", [existence(1e-5), ExistenceReport({"w_in": 1e-9, "w_rec": np.nan}, 1), ExistenceReport()]
)
def test_a_fault_of_the_smoothed_gradient_fails(found):
    assert check.outcome(report(), existence(), check.Config()).status == "ok"
    assert check.outcome(report(), found, check.Config()).status != "ok"


@pytest.mark.slow  # as tests/gradients/test_exactness.py does
def test_one_case_end_to_end():
    found = exactness.check_gradients([CASES[0]], ["exp"])
    assert found.passed and found.worst <= 1e-6 and found.spikes > 0 and found.missed == 0
    assert "w_rec" in check.table(found, existence())


@pytest.mark.parametrize(("changes", "status"), [({}, 0), ({"missed": 1}, 1), ({"implicit": float("nan")}, 1)])
def test_command_prints_a_table_and_a_record_as_the_last_line(monkeypatch, capsys, tmp_path, changes, status):
    monkeypatch.setattr(check, "check_gradients", lambda *_, **__: report(**changes))
    monkeypatch.setattr(check, "check_existence", lambda **_: existence())
    assert check.main(["--full", "--json", "--seed", "3", "--out", str(tmp_path)]) == status
    *table, last = capsys.readouterr().out.splitlines()
    record = json.loads(last)
    assert record["seed"] == 3 and record["metrics"]["errors"] == {"w_in": {"mean": 1e-9}}
    assert (record["status"] == "ok") == (status == 0) == (record["reason"] is None)
    assert any(line.startswith("w_in") and "1.0e-09" in line for line in table)


@pytest.mark.parametrize(("missed", "word"), [(0, "passed"), (1, "FAILED")])
def test_by_default_a_few_networks_and_one_line(missed, word, monkeypatch, capsys, tmp_path):
    asked = []
    monkeypatch.setattr(
        check, "check_gradients", lambda *args, **names: asked.append((args, names)) or report(missed=missed)
    )
    monkeypatch.setattr(check, "check_existence", lambda **_: pytest.fail("takes long"))
    assert check.main(["--out", str(tmp_path)]) == missed
    line, where = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{word}: the largest relative error of 5 derivatives is 1.0e-09 (limit 1e-06), {missed} of")
    assert asked[0][0] == (QUICK,) and asked[0][1]["quick"] and where.startswith("record appended")


def test_few_networks_have_all_losses_and_kinds_of_neurons():
    assert len(QUICK) >= len(READOUTS) and {case.neuron for case in QUICK} == {case.neuron for case in CASES}
    assert any(len(case.hidden) > 1 for case in QUICK)
    kinds = set(ENGINES["numba"].delays), {AXONS, SYNAPSES, POSITIONS}
    assert any((case.delays_of_engine, set(case.delayed)) == kinds for case in QUICK)


def test_in_a_quick_check_each_case_has_one_loss(monkeypatch):
    drawn = []
    monkeypatch.setattr(exactness, "draw_problem", lambda case, loss, *_: drawn.append((case, loss)) or Mock())
    for name in ("_compare_with_differences", "_compare_layers", "_compare_with_oracle"):
        monkeypatch.setattr(exactness, name, lambda problem, report: None)
    exactness.check_gradients(QUICK, quick=True)
    assert [case for case, _ in drawn] == list(QUICK) and {loss for _, loss in drawn} == set(READOUTS)


def test_an_engine_without_smoothing_is_checked_without_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(check, "check_gradients", lambda *_, **__: report())
    assert check.main(["--full", "--json", "--engine", "ode", "--out", str(tmp_path)]) == 0
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (record["status"], record["metrics"]["existence_worst_relative_error"]) == ("ok", None)


def test_a_wrong_gradient_is_found(monkeypatch):
    evaluate = exactness.evaluate

    def wrong(*arguments):
        losses, events, gradient = evaluate(*arguments)
        return losses, events, gradient * (1 + 1e-5)

    monkeypatch.setattr(exactness, "evaluate", wrong)
    found = exactness.check_gradients([CASES[0]], ["exp"])
    assert not found.passed and found.worst == pytest.approx(1e-5, rel=1e-2)


def test_missed_spikes_are_counted():
    def spikes(*times):
        return jax.tree.map(lambda x: x[0], pad_events([(np.array(times), np.arange(len(times)))], capacity=5))

    assert exactness.count_missed(spikes(1e-3, 2e-3), spikes(1e-3, 2e-3)) == 0
    assert exactness.count_missed(spikes(1e-3, 2.1e-3), spikes(1e-3, 2e-3)) == 1
    assert exactness.count_missed(spikes(1e-3), spikes(1e-3, 2e-3, 3e-3)) == 2
    assert exactness.count_missed(spikes(1e-3, 2e-3), spikes()) == 2


def test_double_precision_is_demanded():
    with jax.enable_x64(False), pytest.raises(ValueError, match="needs double precision"):
        exactness.check_gradients()
