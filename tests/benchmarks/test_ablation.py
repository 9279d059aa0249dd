"""The benchmark of the recipe's ingredients on tiny data."""

import dataclasses

import pytest
from tiny_data import tiny_splits
from tiny_recipe import changed, tiny_recipe

from benchmarks.ablation import measure as ablation
from benchmarks.ablation.__main__ import COMMAND
from benchmarks.ablation.recipe import INGREDIENTS, check, whole_recipe
from gradlab import configuration
from gradlab.reporting import records
from gradlab.training.loop import Trainer


def test_each_ingredient_is_taken_away():
    config = whole_recipe(configuration.configure("shd-256"))
    check(config)
    assert (config.preset, config.network.constants, config.training.train_constants) == ("shd-256", "gamma", True)
    assert config.training.constants_factor == configuration.configure("shd-128-het").training.constants_factor < 1
    assert config.validation_groups == (8,)
    without = {name: remove(config) for name, remove in INGREDIENTS.items()}
    differ = {
        name: {key for key, value in flat(each).items() if value != flat(config)[key]} for name, each in without.items()
    }
    assert differ == {
        "loss shaping": {"loss"},
        "rate regularisation": {"rate_strength"},
        "lift of silent neurons": {"lift_silent"},
        "augmentation": {"channel_shift", "blend"},
        "delay line": {"delay_line"},
        "heterogeneity": {"constants", "train_constants"},
        "recurrence": {"recurrent"},
    }
    assert without["loss shaping"].network.loss == "mean" and without["recurrence"].network.recurrent is False


def flat(config):
    settings = dataclasses.asdict(config)
    network, training = settings.pop("network"), settings.pop("training")
    return settings | network | training


def test_recipe_for_data_without_groups_holds_out_the_part_that_it_has():
    assert whole_recipe(configuration.configure("shd-200", "yin-yang")).validation_groups is None


def test_ablation_that_shows_nothing_is_refused(tmp_path):
    config = tiny_recipe(tmp_path)
    with pytest.raises(ValueError, match="the recipe has no recurrence"):
        COMMAND.run(changed(config, recurrent=False))
    with pytest.raises(ValueError, match="methods are eventprop, bptt, expected one: run one ablation for each"):
        COMMAND.run(dataclasses.replace(config, method=("both",)))
    assert [path.name for path in tmp_path.rglob("*")] == ["figures"]  # which the frame makes before all else


def test_ablation_is_resumed(tmp_path, monkeypatch, capsys):
    """Stopped in the second training; then the first is read back and the second goes on."""
    monkeypatch.setattr(configuration, "load", lambda *_: tiny_splits())
    monkeypatch.setattr(ablation, "INGREDIENTS", {"recurrence": INGREDIENTS["recurrence"]})
    epoch, calls = Trainer._epoch, []

    def stopped(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return epoch(*arguments)

    monkeypatch.setattr(Trainer, "_epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        COMMAND.run(tiny_recipe(tmp_path))
    assert not (tmp_path / "ablation.jsonl").exists()
    record = COMMAND.run(dataclasses.replace(tiny_recipe(tmp_path), resume=True))
    assert len(calls) == 4 + 1  # the last epoch of the second training
    assert records.read(tmp_path / "ablation.jsonl") == [record]
    runs = record["metrics"]["runs"]
    assert list(runs) == ["(whole recipe)", "recurrence"] == list(record["samples"])
    assert {each["status"] for each in runs.values()} == {"ok"} and {each["epochs"] for each in runs.values()} == {2}
    assert all(0 <= each["test_accuracy"] <= 1 for each in runs.values())
    assert runs["(whole recipe)"]["parameters"] - runs["recurrence"]["parameters"] == 6 * 6
    assert {len(curve) for each in record["samples"].values() for curve in each.values()} == {2}
    figure = tmp_path / "figures" / f"ablation-shd-256-{record['config_hash']}.png"
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "without recurrence" in capsys.readouterr().out
