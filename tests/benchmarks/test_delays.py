"""Delays of every kind on tiny data."""

from dataclasses import replace

import pytest
from tiny_data import DURATION, tiny_splits
from tiny_recipe import changed, tiny_recipe

from benchmarks.delays.__main__ import COMMAND
from benchmarks.delays.measure import Config, able, variants
from gradlab import configuration
from gradlab.reporting import records


def tiny(folder, **changes):
    recipe = changed(tiny_recipe(folder), longest_delay=DURATION / 2, delay_line=3)
    return Config(**vars(recipe) | {"resume": True} | changes)


def test_trainings_with_and_without(tmp_path, monkeypatch):
    monkeypatch.setattr(configuration, "load", lambda *_: tiny_splits())
    record = COMMAND.run(tiny(tmp_path, kinds=("axonal",)))
    assert records.read(tmp_path / "delays.jsonl") == [record]
    found = record["metrics"]["runs"]["eventprop"]
    assert list(found) == ["none", "fixed line", "axonal, frozen", "axonal, trained"]
    assert all(each["status"] == "ok" and each["spikes_per_sample"] > 0 for each in found.values())
    figure = tmp_path / "figures" / f"delays-tiny-{record['config_hash']}.png"
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_what_a_method_cannot_train_is_left_out_and_said(tmp_path, capsys):
    config = tiny(tmp_path, method=("bptt",))
    named = [name for name, _ in able(config, "bptt")]
    assert "axonal, trained" in named and "synaptic, trained" not in named
    assert "bptt, synaptic, trained: left out, " in capsys.readouterr().out
    assert [name for name, _ in able(config, "eventprop")] == list(variants(config))


def test_frozen_and_trained_differ_in_that_alone(tmp_path):
    found = variants(tiny(tmp_path))
    for kind in ("axonal", "of input synapses", "synaptic", "from positions"):
        frozen, trained = found[f"{kind}, frozen"], found[f"{kind}, trained"]
        assert frozen.network == trained.network and frozen.network["delay_line"] == 1
        assert (frozen.training, trained.training) == ({"train_delays": False}, {"train_delays": True})
    for kind, inputs in (("axonal on the line", "channels"), ("of neurons on the line", "none")):
        on_line = found[f"{kind}, trained"].network
        assert on_line == {"input_delays": inputs, "recurrent_delays": "neurons"}


def test_delays_reach_as_far_as_the_line(tmp_path):
    config = tiny(tmp_path)
    longest = (config.network.delay_line - 1) * config.network.delay_step
    assert longest > 0
    assert variants(config)["synaptic, trained"].network["longest_delay"] == longest


def test_without_a_line_there_is_nothing_on_it(tmp_path):
    config = tiny(tmp_path)
    names = variants(replace(config, network=replace(config.network, delay_line=1)))
    assert "axonal, trained" in names and not {"fixed line", "axonal on the line, trained"} & set(names)


def test_unknown_kind(tmp_path):
    with pytest.raises(ValueError, match="kinds has 'dendritic', expected some of of neurons on the line, ax"):
        tiny(tmp_path, kinds=("dendritic",))
