"""What the command line answers to bad input, and to Ctrl-C."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tyro

from gradlab import bench, configuration
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]
BAD = {
    "--tau-mem -1": "tau_mem is -1, expected a finite number > 0",
    "--tau-mem inf": "tau_mem is inf, expected a finite number > 0",
    "--duration inf": "duration is inf, expected a finite number > 0",
    "--hidden 0": "hidden is (0,), expected a tuple, each entry a whole number >= 1",
    "--reset 1": "reset is 1, expected below the threshold 1",
    "--method bptt --dt 0.0007": "delay is 0.001 s, that is 1.42857 steps of dt = 0.0007 s",
    "--method bptt --dt 0": "dt is 0, expected a finite number > 0",
    "--method both --slope 0": "slope is 0, expected a finite number > 0",
    "--method bptt --scale -1": "scale is -1, expected a finite number >= 0",
    "--method": "no method is named, expected one or several of eventprop, bptt, eventprop-smooth, spikeprop, "
    "feedback-alignment, e-prop, true-derivative, stochastic, all, both",
    "--neuron adaptive --engine xla": "engine xla does not simulate neuron 'adaptive': choose ode",
    "--other-constants jump 0.1": "other_constants has 'jump', expected nothing for neuron 'lif'",
    "--epochs 0": "epochs is 0, expected a whole number >= 1",
    "--learning-rate nan": "learning_rate is nan, expected a finite number > 0",
    "--seed -1": "seed is -1, expected a whole number >= 0 and <= 4294967295",
}


def assert_refused(outcome, message):
    status, lines, errors = outcome
    assert (status, lines) == (2, [])
    assert errors.startswith("error: ") and errors.count("\n") == 1 and errors.endswith("\n")
    assert message in errors
    assert not [path for path in Path("runs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("arguments", BAD)
def test_impossible_setting(arguments, call, monkeypatch):
    """Refused before anything is loaded."""
    monkeypatch.setattr(configuration, "load", lambda *_: pytest.fail("loaded"))
    assert_refused(call(*arguments.split()), BAD[arguments])
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "arguments", ["--method foo", "--preset foo", "--surrogate foo", "--batch-size x", "--nonsense 1"]
)
def test_what_the_parser_refuses(arguments, call):
    status, _, errors = call(*arguments.split())
    assert status == 2
    assert arguments.split()[0] in errors and "Traceback" not in errors


@pytest.mark.parametrize("arguments", ["--dt 0.0007", "--dt 0", "--slope 0", "--scale -1"])
def test_setting_of_another_method_is_not_looked_at(arguments, monkeypatch):
    config = tyro.cli(configuration.Config, args=arguments.split())
    configuration.check(config)
    with pytest.raises(ValueError):
        configuration.check(dataclasses.replace(config, method=("bptt",)))


def test_too_few_samples(call, tiny):
    assert_refused_after_loading(call("--batch-size", "64"), "43 training samples, but batches of 64: lower batch_size")


def assert_refused_after_loading(outcome, message):
    status, lines, errors = outcome
    assert_refused((status, [], errors), message)
    assert all(line.startswith("data set") for line in lines)


@pytest.mark.parametrize("where", ["runs", "the run"])
def test_results_cannot_be_written(where, call, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(bench.Trainer, "fit", lambda *_, **__: pytest.fail("trained"))
    if where == "the run":
        with monkeypatch.context() as patch:
            patch.setattr(bench.RunFolder, "held", lambda self, _: self.path.write_text("in the way"))
            Path("runs").mkdir()
            with pytest.raises(Exception, match="context manager"):
                call()
    else:
        Path("runs").write_text("in the way")
    status, lines, errors = call()
    assert (status, lines) == (2, [])
    assert errors.startswith("error: ") and errors.count("\n") == 1
    assert "cannot be written" in errors and errors.endswith("choose another folder\n")


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
    assert not Path("runs").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_during_training(number, tmp_path):
    code = "import sys; from gradlab.bench import main; sys.exit(main())"
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    arguments = "--dataset yin-yang --hidden 8 --batch-size 1 --epochs 1000".split()
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, *arguments],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline().startswith("data set yin-yang")
        assert process.stderr.read(1)  # the progress bar
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130, errors
    by = "the user" if number == signal.SIGINT else "SIGTERM"
    assert f"eventprop ended early: stopped by {by} after" in errors and "Traceback" not in errors
    (record,) = records.read_all(tmp_path / "runs")
    assert (record["status"], record["metrics"]["epochs"]) == ("interrupted", 0)
    assert 0 <= record["metrics"]["test_accuracy"] <= 1
