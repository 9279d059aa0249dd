"""The existence part of the smoothed gradient against spikes that are put in by hand, in double precision."""

import numpy as np
import pytest

from gradlab.measuring import existence

COMPILED = ("numba", "xla")
ALWAYS = {
    ("numba", "constants per neuron", "exp"), ("numba", "two layers", "mean"),
    ("numba", "shared and equal time constants", "mean"),
    ("xla", "constants per neuron, coincident input", "mean"),
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("float64")


def combinations():
    """Every family of networks with every linear loss; all but a few cost more compilations than they tell."""
    for engine in COMPILED:
        for case in existence.WITH_DELAY:
            for loss in existence.LINEAR:
                marks = [] if (engine, case.name, loss) in ALWAYS else [pytest.mark.slow]
                yield pytest.param(case, loss, engine, id=f"{engine}, {loss}: {case.name}", marks=marks)


@pytest.mark.parametrize(("case", "loss", "engine"), list(combinations()))
def test_existence_part_equals_central_differences_over_an_inserted_spike(case, loss, engine):
    report = existence.check_existence([case], [loss], networks=1, seed=1, engine=engine)
    assert report.ghosts == 1 and {"w_in", "tau_mem", "tau_syn", "threshold", "input times"} <= set(report.errors)
    wrong = {kind: error for kind, error in report.errors.items() if not error <= 1e-6}
    assert not wrong


def test_losses_are_those_that_are_linear_in_the_spikes():
    assert existence.LINEAR == ("mean", "exp")


def test_a_wrong_existence_part_is_found(monkeypatch):
    by_amplitude = existence._by_amplitude
    monkeypatch.setattr(existence, "_by_amplitude", lambda *arguments: by_amplitude(*arguments) * (1 + 1e-4))
    report = existence.check_existence([existence.WITH_DELAY[0]], ["exp"], networks=1, seed=1)
    assert report.worst == pytest.approx(1e-4, rel=1e-2)
    assert existence.ExistenceReport().worst == np.inf


def test_an_engine_without_it_is_refused():
    with pytest.raises(ValueError, match="engine ode has no smoothed gradient"):
        existence.check_existence(engine="ode")
