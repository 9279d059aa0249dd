"""Pictures of one recording."""

import jax
import pytest
from tiny_data import DURATION, tiny_data, tiny_splits

from gradlab import Network, TrainConfig
from gradlab.methods import BPTT, EventProp
from gradlab.models import Model
from gradlab.view import __main__ as view

STARTS = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


def saved(folder, method=None, data="synthetic"):
    given = tiny_data(4, 2)
    network = Network(given.inputs, given.classes, hidden=(8,), duration=DURATION, initialiser="fluctuation-driven")
    config = TrainConfig(batch_size=4)
    Model(network, network.init(jax.random.key(0)), method or EventProp(), config, data).save(folder / "params.npz")


@pytest.mark.parametrize("method", [EventProp(), BPTT()], ids=["eventprop", "bptt"])
def test_a_recording_is_drawn(method, tmp_path, monkeypatch, capsys):
    saved(tmp_path, method)
    monkeypatch.setattr(view, "load", lambda name, folder: tiny_splits())
    for format in STARTS if isinstance(method, EventProp) else ["png"]:
        assert view.main([str(tmp_path), "--sample", "1", "--format", format]) == 0
        picture = (tmp_path / "figures" / f"view-sample-1.{format}").read_bytes()
        assert picture.startswith(STARTS[format]) and len(picture) > 10_000
    assert "drawn: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no run is named, expected the folder of a run"),
        (["nowhere"], "nowhere does not exist, expected the folder of a run or its params.npz"),
        ([".", "--sample", "999"], "sample is 999, expected one of the"),
        ([".", "--window", "0.02", "0.01"], "window is (0.02, 0.01), expected from when to when within the trial"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message, tmp_path, monkeypatch, capsys):
    saved(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(view, "load", lambda name, folder: tiny_splits())
    assert view.main(options) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "figures").exists()


def test_own_data_are_drawn_in_python(tmp_path, capsys):
    saved(tmp_path, data="mine")
    assert view.main([str(tmp_path)]) == 2
    assert "the run was trained on data 'mine'" in capsys.readouterr().err
