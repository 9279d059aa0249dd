"""The command line from end to end on tiny data: what it prints, writes and draws."""

import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tyro
from tiny_data import tiny_data

import gradlab.training.room
from gradlab import bench, configuration
from gradlab.methods import METHODS
from gradlab.reporting import columns, records
from gradlab.training import files
from gradlab.training.loop import Trainer
from gradlab.training.presets import PRESETS

FILES = {"eventprop": ("raster", "curves", "confusion"), "both": ("curves", "agreement")}


def only(pattern):
    """The one file that matches."""
    (path,) = Path().glob(pattern)
    return path


@pytest.mark.parametrize("method", ["eventprop", "both"])
def test_run(method, call, tiny, tmp_path):
    status, lines, errors = call("--method", method, "--out", "here", "--json")
    assert status == 0, errors
    written = records.read_all(Path("here"))
    assert json.loads(lines[-1]) == written[-1]
    assert [record["method"] for record in written] == (["eventprop", "bptt", "both"] if method == "both" else [method])
    for record in written:
        assert (record["benchmark"], record["preset"], record["dataset"]) == ("train", None, "tiny")
        assert (record["hidden"], record["seed"], record["status"]) == (8, 0, "ok")
        assert record["config"]["training"]["epochs"] == 1 and record["config"]["network"]["hidden"] == [8]
        assert str(tmp_path) not in json.dumps(record)
        assert record["env"]["jax"]
        assert set(record) == set(columns.RECORD) and set(record["env"]) == set(columns.ENVIRONMENT)
        assert record["method"] == "both" or set(record["metrics"]) <= set(columns.METRICS)
        assert record["method"] == "both" or set(record["samples"]) <= set(columns.SAMPLES)
        figures = record["metrics"][written[0]["method"]] if record["method"] == "both" else record["metrics"]
        assert 0 <= figures["test_accuracy"] <= 1
        assert 0 <= figures["transfer_accuracy"] <= 1 and figures["transfer_runaway_share"] == 0
        above = "seconds_per_step", "residual_bytes", "spikes_per_sample", "compile_s", "hidden_rate_hz"
        assert min(figures[name] for name in above) > 0 and 0 <= figures["silent_fraction"] < 1
        assert record["method"] == "both" or len(record["samples"]["train_loss"]) == 1
    if method == "both":
        compared = written[-1]["metrics"]["agreement"]
        assert set(compared) == {"before", "after_eventprop", "after_bptt"}
        assert all(set(stage) == {"bptt"} for stage in compared.values())
        found = [figures for stage in compared.values() for figures in stage["bptt"].values()]
        assert all(abs(figures["cosine"]) <= 1.000001 for figures in found)
    for kind in FILES[method]:
        figure = only(f"here/{method}-tiny-8-seed0-*/figures/{kind}.png").read_bytes()
        assert figure.startswith(b"\x89PNG") and len(figure) > 5000
    for name in {"eventprop", method}:
        figures = {f"{kind}.png" for kind in FILES[name]}
        folder = only(f"here/{name}-tiny-8-seed0-*")
        assert {path.name for path in (folder / "figures").iterdir()} == figures
        own = {"checkpoint.npz", "params.npz"} if name == "eventprop" else set()
        assert {path.name for path in folder.iterdir()} == {"config.json", "record.json", "figures"} | own
        assert f"{'run' if own else 'comparison'}: {folder}" in lines
    for start, end in (("test accuracy", "%"), ("  mean over", "%"), ("silent", "%"), ("rate of", ""), ("  of it", "")):
        assert any(line.startswith(start) and line.endswith(end) for line in lines)
    assert "epoch 1: train_loss" in errors and not any(line.startswith("epoch") for line in lines)


def test_stopped_training_goes_on(call, tiny, monkeypatch):
    """Stopped in its second epoch; the record is that of a training in one go."""
    epoch, calls = Trainer._epoch, []

    def stopped(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return epoch(*arguments)

    options = "--epochs", "3", "--json"
    assert call(*options, "--out", "whole")[0] == 0
    monkeypatch.setattr(Trainer, "_epoch", stopped)
    status, _, errors = call(*options)
    assert status == 130
    checkpoint = only("runs/eventprop-tiny-8-seed0-*/checkpoint.npz")
    assert f"the state after epoch 1 is kept in {checkpoint}, see --resume" in errors
    monkeypatch.setattr(Trainer, "_epoch", epoch)
    status, lines, errors = call(*options, "--resume")
    assert status == 0 and "epoch 1:" not in errors and "epoch 2:" in errors
    (whole,), record = records.read_all(Path("whole")), json.loads(lines[-1])
    assert record["config_hash"] == whole["config_hash"]
    for name in ("train_loss", "train_accuracy", "validation_accuracy"):
        assert record["samples"][name] == whole["samples"][name] and len(whole["samples"][name]) == 3
    assert record["metrics"]["test_accuracy"] == whole["metrics"]["test_accuracy"]

    before = checkpoint.read_bytes()
    status, lines, errors = call(*options, "--resume", "--learning-rate", "1e-4")
    assert status == 0 and "epoch 1:" in errors
    assert "nothing to resume, this training starts anew" in errors
    assert "training.learning_rate 0.004 (now 0.0001)" in errors
    assert checkpoint.read_bytes() == before and len(list(Path("runs").iterdir())) == 2
    assert len(list(Path("runs").glob("*/figures/curves.png"))) == 2


@pytest.mark.parametrize("method", ["eventprop", "both"])
def test_a_finished_run_says_so_and_is_not_changed(method, call, tiny, monkeypatch):
    options = "--method", method, "--json"
    assert call(*options)[0] == 0
    before = {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()}
    monkeypatch.setattr(bench, "measure", lambda *_: pytest.fail("measured again"))
    status, lines, errors = call(*options, "--resume")
    assert status == 0 and "is finished, nothing is added; without --resume it is trained anew" in errors
    assert {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()} == before
    assert json.loads(lines[-1]) == json.loads(only(f"runs/{method}-*/record.json").read_text())
    shutil.rmtree(only(f"runs/{method}-*/figures"))  # killed after its record was written, before it drew
    assert call(*options, "--resume")[0] == 0
    assert {path for path in Path("runs").rglob("*") if path.is_file()} == set(before)


def test_a_run_is_loaded_as_a_model(call, tiny):
    status, lines, _ = call("--json")
    model = gradlab.load(only("runs/*"))
    test = tiny_data(5, 2)
    assert (model.data, model.method, model.network.hidden) == ("tiny", METHODS["eventprop"](), (8,))
    accuracy = json.loads(lines[-1])["metrics"]["test_accuracy"]
    assert status == 0 and (model.predict(test) == test.labels).mean() == pytest.approx(accuracy)


def test_a_start_anew_keeps_what_was_there(call, tiny):
    assert call("--epochs", "2")[0] == 0
    folder = only("runs/*")
    before = {name: (folder / name).read_bytes() for name in ("record.json", "checkpoint.npz")}
    status, _, errors = call("--epochs", "2")
    assert status == 0 and "is there: --resume goes on from it" in errors
    assert {name: (folder / name.replace(".", ".1.")).read_bytes() for name in before} == before
    first, again = (records.read(folder / name)[0] for name in ("record.1.json", "record.json"))
    assert first["samples"]["train_loss"] == again["samples"]["train_loss"]


def test_a_second_process_on_a_run_is_refused(call, tiny):
    assert call()[0] == 0
    folder = only("runs/*")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with files.in_charge_of_folder(folder):
        status, lines, errors = call()
        other = call("--learning-rate", "1e-3")[0]
    assert (status, lines) == (2, []) and f"error: {folder} is under way in another process: wait" in errors
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert other == 0 and len(list(Path("runs").iterdir())) == 2


def test_what_only_the_test_in_another_simulator_depends_on_has_another_folder(call, tiny):
    assert [call(*step)[0] for step in ((), ("--dt", "0.0005"), ("--slope", "5"), ("--seed", "1"))] == [0] * 4
    assert len(list(Path("runs").iterdir())) == 4


def test_a_table_is_printed_although_the_disk_is_full(call, tiny, monkeypatch):
    replace = files.replace

    def full(path, content):
        if path.name == "record.json":
            raise files.unwritable(path, OSError("No space left on device"))
        replace(path, content)

    monkeypatch.setattr(files, "replace", full)
    status, lines, errors = call()
    assert status == 2 and any(line.startswith("test accuracy") for line in lines)
    assert "record.json cannot be written (No space left on device): free some" in errors and "Traceback" not in errors


@pytest.mark.parametrize("method", [name for name in METHODS if name != "e-prop"])  # for shared constants only
def test_constants_and_delay_line(method, call, tiny):
    options = (
        "--constants gamma --train-constants --delay-line 3 --delay-step 0.002 --hidden 8 5 --no-recurrent".split()
    )
    status, lines, errors = call("--method", method, "--json", *options)
    assert status == 0, errors
    record = json.loads(lines[-1])
    assert np.shape(record["samples"]["tau_mem_quantiles"]) == (1, 2, 5)
    weights = 3 * 8 * 8 + 8 * 5 + 5 * 2
    assert record["metrics"]["parameters"] == weights + 3 * (8 + 5) + 2
    figure = only(f"runs/{method}-tiny-8x5-seed0-*/figures/constants.png").read_bytes()
    assert figure.startswith(b"\x89PNG") and len(figure) > 5000


@pytest.mark.parametrize("method", ["eventprop", "bptt"])
def test_delays_have_figures(method, call, tiny):
    options = "--input-delays channels --recurrent-delays neurons --longest-delay 0.01".split()
    status, _, errors = call("--method", method, *options)
    assert status == 0, errors
    for kind in ("delays", "constants"):
        assert only(f"runs/{method}-tiny-8-seed0-*/figures/{kind}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_and_an_option_that_takes_precedence(preset, call, monkeypatch):
    configs = []
    monkeypatch.setattr(bench, "run", lambda config: configs.append(config) or {"status": "ok"})
    monkeypatch.setattr(sys, "argv", ["bench", "--preset", preset])
    assert bench.main() == 0
    monkeypatch.setattr(sys, "argv", ["bench", f"--preset={preset}", "--blend", "0", "--hidden", "7"])
    assert bench.main() == 0
    config, changed = configs
    assert config == configuration.configure(preset) != configuration.Config(preset=preset)
    named = PRESETS[preset]
    assert (config.preset, config.dataset, config.validation_groups) == (preset, named.dataset, named.validation_groups)
    assert (config.dataset == "shd") == (named.validation_groups == ())
    augmentation = (40, 0.5) if preset[:4] in ("shd-", "ssc-") and preset != "shd-spytorch" else (0, 0.0)
    assert (config.training.channel_shift, config.training.blend) == augmentation
    for part, given in (("network", named.network), ("training", named.training), ("options", named.options)):
        assert given.items() <= vars(getattr(config, part)).items()
    training = dataclasses.replace(config.training, blend=0.0)
    network = dataclasses.replace(config.network, hidden=(7,))
    assert changed == dataclasses.replace(config, network=network, training=training)
    configuration.check(config)


def test_preset_is_recorded(call, tiny):
    status, lines, errors = call("--preset", "shd-128-het", "--no-recurrent", "--json")
    assert status == 0, errors
    record = json.loads(lines[-1])
    assert (record["preset"], record["config"]["network"]["constants"], record["hidden"]) == ("shd-128-het", "gamma", 8)
    assert only("runs/eventprop-shd-128-het-seed0-*/figures/curves.png").exists()


def test_runaway_is_recorded(call, tiny, monkeypatch):
    monkeypatch.setattr(gradlab.training.room, "_HIGHEST_RATE", 0.1)
    monkeypatch.setattr(gradlab.training.room, "_ALWAYS", 0)
    monkeypatch.setattr(gradlab.training.room, "room_for", lambda spikes: 1)
    status, lines, errors = call("--json", "--threshold", "0.01")
    record = json.loads(lines[-1])
    assert (status, record["status"], record["metrics"]["test_accuracy"]) == (1, "overflow", None)
    assert (record["metrics"]["runaway_share"], record["metrics"]["transfer_runaway_share"]) == (1.0, 0.0)
    assert any("in which it runs away" in line and line.endswith(" 100.0%") for line in lines)
    assert "eventprop ended early: a layer of 8 neurons emits more than" in errors


def test_weights_without_another_simulator(call, tiny):
    """The delay is no whole number of steps of the grid, which EventProp does not need."""
    status, lines, errors = call("--delay", "0.0015", "--json")
    figures = json.loads(lines[-1])["metrics"]
    assert status == 0, errors
    assert (figures["transfer_accuracy"], figures["transfer_runaway_share"]) == (None, None)


def test_groups_are_held_out_by_number_or_name():
    given = tyro.cli(configuration.Config, args=["--validation-groups", "8", "Ann"])
    assert given.validation_groups == (8, "Ann")


def test_defaults_of_a_data_set(monkeypatch):
    """What suits the data is taken by the name on the command line, and from the preset's data set."""
    config = configuration.configured_by(["--dataset", "yin-yang"])
    assert (config.network.duration, config.training.channel_shift, config.validation_groups) == (0.06, 0, None)
    config = configuration.configured_by(["--dataset=synthetic"])
    assert (config.network.duration, config.training.channel_shift, config.validation_groups) == (1.0, 40, (8,))
    assert config.network.input_rate == configuration.configure("shd-200").network.input_rate == 15.8


@pytest.mark.parametrize(
    ("given", "methods"),
    [
        (("eventprop",), ("eventprop",)),
        (("bptt", "eventprop", "bptt"), ("bptt", "eventprop")),
        (("all",), tuple(METHODS)),
        (("both",), ("eventprop", "bptt")),
        (("bptt", "all"), ("bptt", *(name for name in METHODS if name != "bptt"))),
    ],
)
def test_one_method_several_or_all(given, methods):
    assert configuration.Config(method=given).methods == methods
