"""The benchmarks of the recipe on tiny data."""

import dataclasses

import numpy as np
import pytest
from tiny_data import DURATION, tiny_splits

from benchmarks import ablation, initialisation, speakers
from gradlab import bench, records
from gradlab.initialisers import INITIALISERS
from gradlab.train import Trainer

pytestmark = pytest.mark.usefixtures("quick_compile")


def test_initialisation_measures_and_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(initialisation, "load", lambda name, folder: tiny_splits())
    config = initialisation.Config(hidden=(6, 5), duration=DURATION, batches=2, batch_size=8, out=tmp_path)
    record = initialisation.run(config)
    assert records.read(tmp_path / "initialisation.jsonl") == [record]
    assert (tmp_path / "figures" / "initialisation-tiny.png").read_bytes().startswith(b"\x89PNG")
    assert set(record["metrics"]) == set(INITIALISERS) and "data_dir" not in record["config"]
    for methods in record["metrics"].values():
        exact, grid = methods["eventprop"], methods["bptt"]
        assert len(exact["rate_hz"]) == len(grid["silent_fraction"]) == 2
        assert set(exact["gradient_norms"]) == set(grid["gradient_norms"])
        assert {len(norms) for norms in exact["gradient_norms"].values()} == {2} and len(exact["gradient_norms"]) == 5
        # One forward pass in two ways: the grid's may differ by a few spikes.
        np.testing.assert_allclose(exact["rate_hz"], grid["rate_hz"], rtol=0.5, atol=3)
    fluctuating, driven = (record["metrics"][name]["eventprop"] for name in ("fluctuation-driven", "mean-driven"))
    # A few inputs cannot drive neurons by a mean that was chosen for 700.
    assert fluctuating["rate_hz"][0] > 0 == driven["rate_hz"][0] and driven["silent_fraction"] == [1, 1]
    printed = capsys.readouterr().out
    assert all(name in printed for name in INITIALISERS) and "layers.1.w_rec" in printed


def test_initialisation_refuses_what_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setattr(initialisation, "load", lambda name, folder: tiny_splits())
    with pytest.raises(ValueError, match="batches is 0, expected at least 1"):
        initialisation.Config(batches=0)
    with pytest.raises(ValueError, match="43 samples, but 8 batches of 32: lower one of them"):
        initialisation.run(initialisation.Config(hidden=(3,), out=tmp_path))


def tiny_recipe(out):
    config = ablation.whole_recipe("shd-256")
    train = dataclasses.replace(config.train, epochs=2, batch_size=8, channel_shift=1)
    return dataclasses.replace(
        config, hidden=(6,), duration=DURATION, initialiser="fluctuation-driven", train=train, out=out
    )


def test_each_ingredient_is_taken_away():
    config = ablation.whole_recipe("shd-256")
    ablation.check(config)
    assert (config.preset, config.constants, config.train.train_constants) == ("shd-256", "gamma", True)
    assert config.train.constants_factor == bench.of_preset("shd-128-het").train.constants_factor < 1
    without = {name: remove(config) for name, remove in ablation.INGREDIENTS.items()}
    changed = {
        name: {key for key, value in flat(each).items() if value != flat(config)[key]} for name, each in without.items()
    }
    assert changed == {
        "loss shaping": {"loss"},
        "rate regularisation": {"rate_strength"},
        "lift of silent neurons": {"lift_silent"},
        "augmentation": {"channel_shift", "blend"},
        "delay line": {"delay_line"},
        "heterogeneity": {"constants", "train_constants"},
        "recurrence": {"recurrent"},
    }
    assert without["loss shaping"].loss == "mean" and without["recurrence"].recurrent is False


def flat(config):
    settings = dataclasses.asdict(config)
    return settings | settings.pop("train")


def test_ablation_that_shows_nothing_is_refused(tmp_path):
    config = tiny_recipe(tmp_path)
    with pytest.raises(ValueError, match="the recipe has no recurrence"):
        ablation.run(dataclasses.replace(config, recurrent=False))
    with pytest.raises(ValueError, match="method is both, expected eventprop or bptt"):
        ablation.run(dataclasses.replace(config, method="both"))
    assert list(tmp_path.iterdir()) == []


def test_ablation_is_resumed(tmp_path, monkeypatch, capsys):
    """Stopped in the second training; then the first is read back and the others are trained."""
    monkeypatch.setattr(bench, "load", lambda *_: tiny_splits())
    chosen = ("augmentation", "recurrence")
    monkeypatch.setattr(ablation, "INGREDIENTS", {name: ablation.INGREDIENTS[name] for name in chosen})
    epoch, calls = Trainer._epoch, []

    def stopped(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return epoch(*arguments)

    monkeypatch.setattr(Trainer, "_epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        ablation.run(tiny_recipe(tmp_path))
    assert not (tmp_path / "ablation.jsonl").exists()
    record = ablation.run(dataclasses.replace(tiny_recipe(tmp_path), resume=True))
    assert len(calls) == 4 + 3  # one epoch of the second training, two of the third
    assert records.read(tmp_path / "ablation.jsonl") == [record]
    runs = record["metrics"]["runs"]
    assert list(runs) == ["(whole recipe)", *chosen] == list(record["samples"])
    assert {each["status"] for each in runs.values()} == {"ok"} and {each["epochs"] for each in runs.values()} == {2}
    assert all(0 <= each["test_accuracy"] <= 1 for each in runs.values())
    assert runs["(whole recipe)"]["parameters"] - runs["recurrence"]["parameters"] == 6 * 6
    assert {len(curve) for each in record["samples"].values() for curve in each.values()} == {2}
    assert (tmp_path / "figures" / "ablation-shd-256.png").read_bytes().startswith(b"\x89PNG")
    assert "without augmentation" in capsys.readouterr().out


def test_each_speaker_is_held_out_in_turn(tmp_path, monkeypatch, capsys):
    """The test set is not touched; a finished sweep is read back."""
    splits = tiny_splits()
    whole = splits._replace(validation=None, test=None)
    monkeypatch.setattr(speakers, "load", lambda name, folder, held_out: whole if held_out == () else None)
    config = dataclasses.replace(tiny_recipe(tmp_path), validation_speakers=())
    record = speakers.run(config)
    assert records.read(tmp_path / "speakers.jsonl") == [record]
    runs, curves = record["metrics"]["runs"], record["samples"]
    assert list(runs) == list(curves) == ["0", "1", "2"]
    assert sum(each["samples"] for each in runs.values()) == len(splits.train)
    assert {(each["status"], each["kept_epoch"]) for each in runs.values()} == {("ok", 2)}
    reached = [curves[name]["validation_accuracy"][-1] for name in runs]
    assert [each["validation_accuracy"] for each in runs.values()] == reached
    assert record["metrics"]["mean"] == pytest.approx(np.mean(reached))
    assert record["metrics"]["spread"] == pytest.approx(np.std(reached, ddof=1))
    assert (tmp_path / "figures" / "speakers-eventprop-shd-256.png").read_bytes().startswith(b"\x89PNG")
    assert "speaker 2 is held out: 29 training samples, 14 of the speaker" in capsys.readouterr().out
    monkeypatch.setattr(Trainer, "_epoch", None)
    again = speakers.run(dataclasses.replace(config, resume=True))
    assert again["metrics"] == record["metrics"]


def test_only_some_speakers(tmp_path, monkeypatch):
    monkeypatch.setattr(speakers, "load", lambda *_: tiny_splits())
    config = dataclasses.replace(tiny_recipe(tmp_path), validation_speakers=(1,))
    record = speakers.run(config)
    assert list(record["metrics"]["runs"]) == ["1"] and record["metrics"]["spread"] is None
    with pytest.raises(ValueError, match="method is both, expected eventprop or bptt"):
        speakers.run(dataclasses.replace(config, method="both"))
    with pytest.raises(ValueError, match=r"validation_speakers are \[7\], expected some but not all"):
        speakers.run(dataclasses.replace(config, validation_speakers=(1, 7)))
