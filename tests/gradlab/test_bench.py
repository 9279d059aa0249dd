"""The command line from end to end on tiny data: what it prints, writes and answers to bad input."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import h5py
import numpy as np
import pytest
import tyro
from tiny_data import tiny_data, tiny_splits

import gradlab.runner
import gradlab.train
from gradlab import bench, records
from gradlab.constants import KINDS
from gradlab.data import DATASETS
from gradlab.initialisers import INITIALISERS
from gradlab.network import Network
from gradlab.presets import PRESETS
from gradlab.readouts import LOSSES
from solvers.eventprop import ENGINES
from solvers.surrogates import SURROGATES

pytestmark = pytest.mark.usefixtures("quick_compile")
ROOT = Path(__file__).parents[2]
SMALL = (
    "--epochs 1 --hidden 8 --batch-size 8 --duration 0.06 --channel-shift 1 --initialiser fluctuation-driven".split()
)
FILES = {"eventprop": ("raster", "curves"), "bptt": ("raster", "curves"), "both": ("curves", "agreement")}


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run the command line in an empty folder; returns exit status, lines on standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", *SMALL, *arguments])
        try:
            status = bench.main()
        except SystemExit as stop:
            status = stop.code
        printed = capfd.readouterr()
        return status, printed.out.splitlines(), printed.err

    return run


@pytest.fixture
def tiny(monkeypatch):
    """Load tiny data instead of any other; the test samples are fewer than a batch."""
    splits = tiny_splits()._replace(test=tiny_data(5, 2))
    monkeypatch.setattr(bench, "load", lambda name, folder, speakers: splits)


@pytest.mark.parametrize("method", FILES)
def test_run(method, call, tiny, tmp_path):
    status, lines, errors = call("--method", method, "--out", "here", "--json")
    assert status == 0, errors
    written = records.read("here/bench.jsonl")
    assert json.loads(lines[-1]) == written[-1]
    assert [record["method"] for record in written] == (["eventprop", "bptt", "both"] if method == "both" else [method])
    for record in written:
        assert (record["benchmark"], record["preset"], record["dataset"]) == ("train", None, "tiny")
        assert (record["hidden"], record["seed"], record["status"]) == (8, 0, "ok")
        assert record["config"]["train"]["epochs"] == 1 and record["config"]["hidden"] == [8]
        assert str(tmp_path) not in json.dumps(record)
        assert record["env"]["jax"]
        figures = record["metrics"][written[0]["method"]] if record["method"] == "both" else record["metrics"]
        assert 0 <= figures["test_accuracy"] <= 1
        assert 0 <= figures["test_accuracy_other_world"] <= 1 and figures["runs_away_in_other_world"] is False
        assert min(figures[name] for name in ("seconds_per_step", "residual_bytes", "spikes_per_sample")) > 0
        assert record["method"] == "both" or len(record["samples"]["train_loss"]) == 1
    if method == "both":
        compared = written[-1]["metrics"]["agreement"]
        assert set(compared) == {"before", "after_eventprop", "after_bptt"}
        assert all(abs(figures["cosine"]) <= 1.000001 for stage in compared.values() for figures in stage.values())
    for kind in FILES[method]:
        figure = Path(f"here/figures/{kind}-{method}-tiny-8-seed0.png").read_bytes()
        assert figure.startswith(b"\x89PNG") and len(figure) > 5000
    assert any(line.startswith("test accuracy") and line.endswith("%") for line in lines)
    assert "epoch 1: train_loss" in errors and not any(line.startswith("epoch") for line in lines)


def test_stopped_training_goes_on(call, tiny, monkeypatch):
    """Stopped in its second epoch; the record is that of a training in one go."""
    epoch, calls = gradlab.train.Trainer._epoch, []

    def stopped(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return epoch(*arguments)

    options = "--epochs", "3", "--json"
    assert call(*options, "--out", "whole")[0] == 0
    monkeypatch.setattr(gradlab.train.Trainer, "_epoch", stopped)
    status, _, errors = call(*options)
    assert status == 130
    assert "the state after epoch 1 is kept in results/checkpoints/eventprop-tiny-8-seed0.npz, see --resume" in errors
    monkeypatch.setattr(gradlab.train.Trainer, "_epoch", epoch)
    status, lines, errors = call(*options, "--resume")
    assert status == 0 and "epoch 1:" not in errors and "epoch 2:" in errors
    (whole,), record = records.read("whole/bench.jsonl"), json.loads(lines[-1])
    assert record["config_hash"] == whole["config_hash"]
    for name in ("train_loss", "train_accuracy", "validation_accuracy"):
        assert record["samples"][name] == whole["samples"][name] and len(whole["samples"][name]) == 3
    assert record["metrics"]["test_accuracy"] == whole["metrics"]["test_accuracy"]

    status, lines, errors = call(*options, "--resume", "--learning-rate", "1e-4")
    assert status == 2 and "training.learning_rate 0.004 (now 0.0001)" in errors and "Traceback" not in errors


@pytest.mark.parametrize("method", bench.METHODS)
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
    figure = Path(f"results/figures/constants-{method}-tiny-8x5-seed0.png").read_bytes()
    assert figure.startswith(b"\x89PNG") and len(figure) > 5000


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_and_an_option_that_goes_before_it(preset, call, monkeypatch):
    configs = []
    monkeypatch.setattr(bench, "run", lambda config: configs.append(config) or {"status": "ok"})
    monkeypatch.setattr(sys, "argv", ["bench", "--preset", preset])
    assert bench.main() == 0
    monkeypatch.setattr(sys, "argv", ["bench", f"--preset={preset}", "--blend", "0", "--hidden", "7"])
    assert bench.main() == 0
    config, changed = configs
    assert config == bench.of_preset(preset) != bench.Config(preset=preset)
    assert (config.preset, config.dataset, config.validation_speakers) == (preset, "shd", ())
    epochs = 40 if preset == "shd-256" else 60
    assert (config.train.epochs, config.train.channel_shift, config.train.blend) == (epochs, 40, 0.5)
    train = bench.dataclasses.replace(config.train, blend=0.0)
    assert changed == bench.dataclasses.replace(config, hidden=(7,), train=train)
    bench.check(config)


def test_preset_is_recorded(call, tiny):
    status, lines, errors = call("--preset", "shd-128-het", "--no-recurrent", "--json")
    assert status == 0, errors
    record = json.loads(lines[-1])
    assert (record["preset"], record["config"]["constants"], record["hidden"]) == ("shd-128-het", "gamma", 8)
    assert Path("results/figures/curves-eventprop-shd-128-het-seed0.png").exists()


def test_runaway_is_recorded(call, tiny, monkeypatch):
    monkeypatch.setattr(gradlab.runner, "_HIGHEST_RATE", 0.1)
    monkeypatch.setattr(gradlab.train.Trainer, "evaluate", refuse_to_evaluate)
    status, lines, errors = call("--json", "--threshold", "0.01")
    record = json.loads(lines[-1])
    assert (status, record["status"], record["metrics"]["test_accuracy"]) == (1, "overflow", None)
    assert record["metrics"]["runs_away_in_other_world"] is True
    assert any("in continuous time" in line and line.endswith(" runs away") for line in lines)
    assert "eventprop ended early: a layer of 8 neurons emits more than" in errors


def test_weights_without_another_world(call, tiny):
    """The delay is no whole number of steps of the grid, which EventProp does not need."""
    status, lines, errors = call("--delay", "0.0015", "--json")
    figures = json.loads(lines[-1])["metrics"]
    assert status == 0, errors
    assert (figures["test_accuracy_other_world"], figures["runs_away_in_other_world"]) == (None, None)


def refuse_to_evaluate(*_):
    raise gradlab.train.Runaway("too many")


BAD = {
    "--tau-mem -1": "tau_mem is -1, expected a finite number > 0",
    "--tau-mem inf": "tau_mem is inf, expected a finite number > 0",
    "--duration inf": "duration is inf, expected a finite number > 0",
    "--hidden 0": "hidden is (0,), expected one or more layers of at least one neuron",
    "--reset 1": "reset is 1, expected finite and below the threshold 1",
    "--method bptt --dt 0.0007": "delay is 0.001 s, that is 1.42857 steps of dt = 0.0007 s",
    "--method bptt --dt 0": "dt is 0 s, expected a positive finite step",
    "--method both --slope 0": "surrogate slope is 0, expected a positive finite number",
    "--method bptt --scale -1": "surrogate scale is -1, expected a finite number",
    "--epochs 0": "epochs is 0, expected > 0",
    "--learning-rate nan": "learning_rate is nan, expected > 0",
    "--seed -1": "seed is -1, expected >= 0",
}


def assert_refused(outcome, message):
    status, lines, errors = outcome
    assert (status, lines) == (2, [])
    assert errors.startswith("error: ") and errors.count("\n") == 1 and errors.endswith("\n")
    assert message in errors
    assert not [path for path in Path("results").rglob("*") if path.is_file()]


@pytest.mark.parametrize("arguments", BAD)
def test_impossible_setting(arguments, call, monkeypatch):
    """Refused before anything is loaded."""
    monkeypatch.setattr(bench, "load", lambda *_: pytest.fail("loaded"))
    assert_refused(call(*arguments.split()), BAD[arguments])
    assert not Path("results").exists()


@pytest.mark.parametrize(
    "arguments", ["--method foo", "--preset foo", "--surrogate foo", "--batch-size x", "--nonsense 1"]
)
def test_what_the_parser_refuses(arguments, call):
    status, _, errors = call(*arguments.split())
    assert status == 2
    assert arguments.split()[0] in errors and "Traceback" not in errors


@pytest.mark.parametrize("arguments", ["--dt 0.0007", "--dt 0", "--slope 0", "--scale -1"])
def test_setting_of_another_method_is_not_looked_at(arguments, monkeypatch):
    config = tyro.cli(bench.Config, args=arguments.split())
    bench.check(config)
    with pytest.raises(ValueError):
        bench.check(bench.dataclasses.replace(config, method="bptt"))


def test_too_few_samples(call, tiny):
    assert_refused_after_loading(call("--batch-size", "64"), "43 training samples, but batches of 64: lower batch_size")


def assert_refused_after_loading(outcome, message):
    status, lines, errors = outcome
    assert_refused((status, [], errors), message)
    assert all(line.startswith("data set") for line in lines)


@pytest.mark.parametrize("where", ["results", "results/figures", "results/bench.jsonl"])
def test_results_cannot_be_written(where, call, tiny, tmp_path):
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if where.endswith("jsonl") else path.write_text("in the way")
    status, lines, errors = call()
    assert (status, lines) == (2, [])
    assert errors.startswith("error: ") and errors.count("\n") == 1
    assert "cannot be written to" in errors and errors.endswith("choose another folder with --out\n")


def write_shd(folder, labels=(0, 1, 2), highest=699):
    """The layout of SHD; three samples of speakers 8, 0 and 1."""
    folder.mkdir(parents=True)
    for part in ("train", "test"):
        with h5py.File(folder / f"shd_{part}.h5", "w") as file:
            for name, values, kind in (("times", [0.1, 0.2], np.float16), ("units", [5, highest], np.uint16)):
                dataset = file.create_dataset(f"spikes/{name}", (3,), h5py.vlen_dtype(kind))
                for k in range(3):
                    dataset[k] = np.array(values, kind)
            file["labels"] = np.array(labels, np.uint16)
            file["extra/speaker"] = np.array([8, 0, 1], np.uint16)
            file["extra/keys"] = np.array([b"zero"])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("missing", "does not exist, expected an SHD file"),
        ("truncated", "cannot be read as HDF5"),
        ("labels", "3 spike trains, 3 unit trains, 2 labels"),
        ("channels", "channels run from 5 to 700, expected integers 0 to 699"),
    ],
)
def test_damaged_data(damage, message, call, tmp_path):
    folder = tmp_path / "SHD"
    if damage != "missing":
        write_shd(folder, (0, 1) if damage == "labels" else (0, 1, 2), 700 if damage == "channels" else 699)
    if damage == "truncated":
        (folder / "shd_train.h5").write_bytes((folder / "shd_train.h5").read_bytes()[:-200])
    assert_refused(call("--data-dir", str(folder)), message)
    assert not Path("results").exists()


def test_interrupt_during_training(tmp_path):
    code = "import sys; from gradlab.bench import main; sys.exit(main())"
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    arguments = "--dataset synthetic --hidden 8 --batch-size 4 --epochs 1000".split()
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, *arguments],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().startswith("data set synthetic")
        assert process.stderr.read(1)  # the progress bar
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "eventprop ended early: stopped by the user after" in errors and "Traceback" not in errors
    (record,) = records.read(tmp_path / "results" / "bench.jsonl")
    assert (record["status"], record["metrics"]["epochs"]) == ("interrupted", 0)
    assert 0 <= record["metrics"]["test_accuracy"] <= 1


def choices(name):
    return set(get_args(get_type_hints(bench.Config)[name]))


def test_choices_are_those_of_the_registries():
    assert choices("loss") == set(LOSSES)
    assert choices("surrogate") == set(SURROGATES)
    assert choices("constants") == set(KINDS)
    assert {name for name in get_args(get_args(get_type_hints(bench.Config)["preset"])[0])} == set(PRESETS)
    assert choices("initialiser") == set(INITIALISERS)
    assert choices("engine") == {"auto", *ENGINES}
    assert choices("dataset") == {"auto", *DATASETS}
    assert choices("method") == {*bench.METHODS, "both"}


def test_defaults_are_those_of_the_network():
    config, network = bench.Config(), Network()
    assert {name: getattr(config, name) for name in bench._NETWORK} == {
        name: getattr(network, name) for name in bench._NETWORK
    }
    assert set(bench._NETWORK) == {field.name for field in bench.dataclasses.fields(Network)} - {"inputs", "outputs"}
