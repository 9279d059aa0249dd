"""The benchmark of initialisers on tiny data."""

import numpy as np
import pytest
from tiny_data import DURATION, tiny_splits

from benchmarks.initialisation import measure as initialisation
from benchmarks.initialisation.__main__ import COMMAND
from gradlab.methods import EventProp, able_methods
from gradlab.networks.initialisers import INITIALISERS
from gradlab.reporting import records
from gradlab.training.room import Runaway

TWO = {"eventprop", "bptt"}


def test_initialisation_measures_and_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(initialisation, "load", lambda name, folder: tiny_splits())
    few = lambda network: {name: method for name, method in able_methods(network).items() if name in TWO}  # noqa: E731
    monkeypatch.setattr(initialisation, "able_methods", few)  # the others take long to compile
    config = initialisation.Config(hidden=(6, 5), duration=DURATION, batches=2, batch_size=8, out=tmp_path)
    record = COMMAND.run(config)
    assert records.read(tmp_path / "initialisation.jsonl") == [record]
    drawn = tmp_path / "figures" / f"initialisation-tiny-{record['config_hash']}.png"
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert set(record["metrics"]) == set(INITIALISERS) and "data_dir" not in record["config"]
    for methods in record["metrics"].values():
        assert set(methods) == TWO
        exact, grid = methods["eventprop"], methods["bptt"]
        assert len(exact["rate_hz"]) == len(grid["silent_fraction"]) == 2
        assert set(exact["gradient_norms"]) == set(grid["gradient_norms"])
        assert {len(norms) for norms in exact["gradient_norms"].values()} == {2} and len(exact["gradient_norms"]) == 5
        # One forward pass in two ways: the grid's may differ by a few spikes.
        np.testing.assert_allclose(exact["rate_hz"], grid["rate_hz"], rtol=0.5, atol=3)
    fluctuating, driven = (record["metrics"][name]["eventprop"] for name in ("fluctuation-driven", "mean-driven"))
    # A few inputs drive neurons as SHD's 700 do.
    assert fluctuating["rate_hz"][0] > 0 and driven["rate_hz"][0] > 0 and driven["silent_fraction"] == [0, 0]
    printed = capsys.readouterr().out
    assert all(name in printed for name in INITIALISERS) and "w_rec" in printed


def test_layers_that_run_away_are_left_out(tmp_path, monkeypatch, capsys):
    def forward(objective, *_):
        if len(objective.network.hidden) > 1 and objective.network.initialiser == "mean-driven":
            raise Runaway("a layer")

    monkeypatch.setattr(initialisation, "load", lambda name, folder: tiny_splits())
    monkeypatch.setattr(initialisation, "able_methods", lambda _: {"eventprop": EventProp()})
    monkeypatch.setattr(initialisation.Objective, "forward", forward)
    sizes = dict(hidden=(6, 5), recurrent=False, duration=DURATION, batches=1, batch_size=8)
    found = COMMAND.run(initialisation.Config(**sizes, out=tmp_path))["metrics"]
    depth = {name: len(methods["eventprop"]["rate_hz"]) for name, methods in found.items()}
    assert depth == dict.fromkeys(INITIALISERS, 2) | {"mean-driven": 1}
    printed = capsys.readouterr().out
    assert "mean-driven         layer 2 runs away" in printed and "w_in" in printed and "w_rec" not in printed


def test_initialisation_refuses_what_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setattr(initialisation, "load", lambda name, folder: tiny_splits())
    with pytest.raises(ValueError, match="batches is 0, expected a whole number >= 1"):
        initialisation.Config(batches=0)
    with pytest.raises(ValueError, match="43 samples, but 8 batches of 32: lower one of them"):
        COMMAND.run(initialisation.Config(hidden=(3,), out=tmp_path))
