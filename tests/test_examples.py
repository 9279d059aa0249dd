"""The examples of the documentation run as they are written, and show what they say."""

import re
import runpy
import sys
from pathlib import Path

import jax
import pytest

import gradlab

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs/examples"


def python_blocks(text):
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def call(monkeypatch, capsys):
    """Run an example with arguments; returns what it prints."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.fixture
def run_folder(tmp_path):
    """The folder of a run as pages call it, with a network that was not trained."""
    folder = tmp_path / "runs/NAME-HASH"
    folder.mkdir(parents=True)
    network = gradlab.Network(40, 3, hidden=(8,), duration=0.1, input_rate=100.0)
    trainer = gradlab.BPTTTrainer(network, gradlab.TrainConfig())
    gradlab.Model(network, network.init(jax.random.key(0)), trainer.method).save(folder / "params.npz")
    return folder


def test_classify(call, run_folder):
    assert len(re.findall(r"recording \d: class [012]", call("classify.py", run_folder))) == 3


def test_voltages(call, run_folder):
    call("voltages.py", run_folder, run_folder / "voltages.png")
    assert (run_folder / "voltages.png").stat().st_size > 5000


def test_own_spikes(call):
    reached = re.findall(r"(\d+) Hz: ([\d.]+)%", call("own_spikes.py"))
    assert [rate for rate, _ in reached] == ["2", "200"] and all(float(share) > 90 for _, share in reached)


def test_read_records(call):
    assert re.search(r"shd-256 +eventprop +seed 0: 9\d", call("read_records.py", ROOT / "results/trainings"))


def test_delays(call):
    before, after = map(float, re.findall(r"([\d.]+) ms\^2", call("delays.py")))
    assert after < 0.01 < 100 < before


@pytest.mark.parametrize("page", ["quick-start", "own-data", "records"])
def test_code_of_pages_runs(page, run_folder, tmp_path, monkeypatch):
    """In a folder with a run and with the published records."""
    file = "results/trainings/eventprop.jsonl"
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_bytes((ROOT / file).read_bytes().split(b"\n")[0] + b"\n")
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks((ROOT / f"docs/{page}.md").read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), {})


@pytest.mark.slow
def test_learned_lags():
    reached = runpy.run_path(str(EXAMPLES / "learned_lags.py"))["main"]()
    assert reached["none"] < 0.25  # chance is an eighth
    assert reached["none"] + 0.4 < reached["random"] < reached["trained"] - 0.05
