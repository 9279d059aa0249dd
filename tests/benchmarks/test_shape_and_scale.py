"""The grid of surrogates on tiny data."""

import dataclasses

import numpy as np
import pytest
from tiny_data import DURATION, tiny_splits

from benchmarks.shape_and_scale.__main__ import COMMAND
from benchmarks.shape_and_scale.measure import Case, Config, cases, unit_area
from gradlab import configuration
from gradlab.networks.settings import NetworkSettings
from gradlab.reporting import records
from gradlab.training.config import TrainConfig
from solvers.surrogates import SURROGATES


def test_areas_are_those_of_the_formulas():
    areas = {"superspike": 2, "sigmoid": 4, "triangle": 1, "gaussian": (2 * np.pi) ** 0.5, "arctan": np.pi, "boxcar": 1}
    assert {shape: pytest.approx(unit_area(shape), rel=1e-5) for shape in SURROGATES} == areas
    assert Case("sigmoid", 5.0, "area", True).scale == pytest.approx(5 / 4)


def test_each_surrogate_once():
    found = list(cases(Config(shapes=("superspike",), slopes=(1.0, 10.0))))
    assert len(found) == len({(case.slope, case.scale, case.reset) for case in found}) == 2 * 5
    assert Case("superspike", 10.0, "neither", False) in found
    assert Case("superspike", 1.0, "neither", True) not in found  # which is the one with peak 1


def test_trainings_and_first_gradients(tmp_path, monkeypatch):
    monkeypatch.setattr(configuration, "load", lambda *_: tiny_splits())
    settings = dict(
        method=("bptt",), shapes=("superspike",), slopes=(10.0,), normalisations=("peak", "neither"), resets=(True,),
        network=NetworkSettings(hidden=(6,), duration=DURATION, initialiser="fluctuation-driven", input_rate=15.8),
        training=TrainConfig(epochs=1, batch_size=8), out=tmp_path,
    )  # fmt: skip
    record = COMMAND.run(Config(**settings))
    assert records.read(tmp_path / "shape_and_scale.jsonl") == [record]
    peak, steep = record["samples"]["rows"]
    assert (peak["scale"], steep["scale"]) == (1.0, 10.0) and steep["norm_ratio"] > 3 * peak["norm_ratio"] > 0
    assert -1 <= peak["cosine"] <= 1 and peak["status"] == "ok"
    assert record["metrics"] == {
        "worst_accuracy_peak": peak["validation_accuracy"], "worst_accuracy_neither": steep["validation_accuracy"],
    }  # fmt: skip
    figure = tmp_path / "figures" / f"shape_and_scale-tiny-{record['config_hash']}.png"
    assert figure.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="methods are eventprop, expected bptt: only that has a surrogate"):
        COMMAND.run(dataclasses.replace(Config(**settings), method=("eventprop",)))
