"""The benchmark of gradient agreement, all parts on a tiny problem."""

import jax
import numpy as np
import pytest

from benchmarks.gradient_agreement import at_start
from benchmarks.gradient_agreement import measure as gradient_agreement
from benchmarks.gradient_agreement.__main__ import COMMAND
from benchmarks.workload import poisson_data
from gradlab.data import Splits
from gradlab.methods import METHODS
from gradlab.reporting import records

TINY = dict(
    hidden=16, duration=0.1, samples=4, slopes=(10.0,), shapes=("sigmoid",), scales=(), steps=(1e-3, 5e-4),
    recurrences=(2.0,), drives=(1.0,), depths=(1,), durations=(), batches=2,
    lengths=(0.01, 0.1), directions=2, epochs=3, train_samples=32,
    radii=(0.003,), loops=2, loop_slopes=(10.0,), loop_points=32,
)  # fmt: skip


def tiny_data(*_):
    data = poisson_data(64, inputs=60, rate=15.8, duration=0.1, classes=2, seed=0)  # the rate that SHD declares
    return Splits(data, None, data)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    out = tmp_path_factory.mktemp("agreement")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_agreement, "load", tiny_data)
        patch.setattr(at_start, "_POINTS", 2)
        written = COMMAND.run(gradient_agreement.Config(**TINY, out=out))
    assert records.read(out / "gradient_agreement.jsonl") == [written]
    for part in gradient_agreement.ALL:
        assert (out / "figures" / f"agreement-{part}.png").read_bytes().startswith(b"\x89PNG")
    return written


def test_figures_of_the_usual_surrogate(record):
    metrics, usual = record["metrics"], record["samples"]["surrogates"][0]
    assert (usual["name"], usual["slope"], usual["dt"], usual["reset"]) == ("superspike", 10.0, 1e-3, True)
    for name in ("w_in", "w_rec"):
        assert metrics[f"cosine_{name}"] == pytest.approx(usual["parameters"][f"layers.0.{name}"]["cosine"])
        assert -1 <= metrics[f"cosine_{name}"] < 0.9999
    assert usual["parameters"]["readout.w"]["cosine"] > 0.99


def test_every_other_method_is_compared(record):
    rows = {row["method"]: row for row in record["samples"]["methods"]}
    assert list(rows) == [name for name, method in METHODS.items() if not method.exact]
    metrics, usual = record["metrics"], record["samples"]["surrogates"][0]
    assert metrics["cosine_w_in_bptt"] == usual["parameters"]["layers.0.w_in"]["cosine"]
    assert metrics["cosine_w_in_true-derivative"] is None
    assert rows["true-derivative"]["parameters"]["layers.0.w_in"]["norm_ratio"] == 0
    others = [metrics[f"cosine_w_rec_{name}"] for name in rows if name != "true-derivative"]
    assert len(set(others)) == len(others) and all(-1 <= cosine < 1 for cosine in others)


def test_loops(record):
    metrics, rows = record["metrics"], record["samples"]["loops"]
    assert metrics["loops_smooth"] + metrics["loops_with_jumps"] == len(rows) == 2
    values = (metrics["circulation_eventprop"], metrics["circulation_jump_residual"])
    assert any(x is not None for x in values) and all(x is None or x < 1e-8 for x in values)
    assert all(abs(row["bptt"]["10"]) > 1e-8 for row in rows)
    assert all(np.isfinite(row["eventprop-smooth"]) for row in rows)
    assert not jax.config.read("jax_enable_x64")


def test_steps_and_trainings_start_alike(record):
    training = record["samples"]["training"]
    first = {row["method"]: row for row in training["rows"] if row["epoch"] == 0}
    assert first["eventprop"]["loss"] == first["bptt"]["loss"]
    assert first["eventprop"]["loss"] == first["eventprop-smooth"]["loss"]
    ends = [row for row in training["rows"] if row["epoch"] == 3]
    assert all(row["distance"] > 0 for row in ends) and len(ends) == 3
    assert min(ends[1]["apart"], ends[2]["apart"]) > 0 == first["bptt"]["apart"] == ends[0]["apart"]
    assert [row["simulator"] for row in training["refined"]] == 3 * ["continuous", "0.001", "0.0005"]
    assert 0 <= record["metrics"]["uphill_training_bptt"] <= 1
    curves = [row["curves"]["same"] for row in record["samples"]["usefulness"]]
    assert np.shape(curves) == (3, 2)


def test_explained_variance(record):
    """A row for each stage, length, gradient and half-width; the metrics are those of the last stage."""
    rows, metrics = record["samples"]["variance"], record["metrics"]
    assert [row["point"] for row in rows[:: len(rows) // 3]] == [f"after {k} epochs" for k in (0, 2, 3)]
    assert len(rows) == 3 * 2 * (3 + 4)
    assert all(row["explained"] <= 1 and row["rms_change"] > 0 for row in rows)
    last = [row for row in rows if (row["point"], row["length"]) == ("after 3 epochs", 0.1)]
    for name, method in (("exact", "eventprop"), ("smooth", "eventprop-smooth"), ("surrogate", "bptt")):
        assert metrics[f"explained_variance_{name}"] == next(r["explained"] for r in last if r["method"] == method)


def test_parts_before_one_that_fails_are_recorded(tmp_path, monkeypatch):
    def fails(*_):
        raise ValueError("no circulation")

    monkeypatch.setattr(gradient_agreement, "circulations", fails)
    monkeypatch.setattr(gradient_agreement, "load", tiny_data)
    with pytest.raises(ValueError, match="no circulation"):
        COMMAND.run(gradient_agreement.Config(**TINY, parts=("noise", "loops"), out=tmp_path))
    (record,) = records.read(tmp_path / "gradient_agreement.jsonl")
    assert (record["status"], record["reason"]) == ("interrupted", "no circulation")
    assert list(record["samples"]) == ["noise"] and -1 <= record["metrics"]["cosine_w_in"] <= 1


def test_impossible_settings():
    with pytest.raises(ValueError, match="batches is 1, expected a whole number >= 2"):
        gradient_agreement.Config(batches=1)
    with pytest.raises(ValueError, match="slopes is .*, 1 or more of them"):
        gradient_agreement.Config(slopes=())
