"""The benchmark of speed: its record, its figure, and the core that it keeps to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.contestants import CONTESTANTS, VARIANTS
from benchmarks.speed.__main__ import COMMAND
from benchmarks.speed.config import Config
from benchmarks.speed.figure import LABELS, figures, speed, table
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]
SMALL = dict(
    hidden=12, batch_size=3, inputs=60, outputs=4, input_rate=150.0, hidden_rate=30.0, duration=0.1, longest_delay=0.03
)


def test_speed_measures_and_records(tmp_path, capsys):
    record = COMMAND.run(Config(**SMALL, repeats=2, out=tmp_path))
    metrics = record["metrics"]
    assert records.read(tmp_path / "speed.jsonl") == [record]
    assert (tmp_path / "figures" / "speed.png").read_bytes().startswith(b"\x89PNG")
    assert {len(times) for times in record["samples"].values()} == {2}
    # Beside the gradients: eventprop's loss alone, the limit's passes.
    assert len(record["samples"]) == 3 + len(CONTESTANTS) + len(VARIANTS)
    assert set(record["samples"]) == set(LABELS)
    assert metrics["eventprop_over_bptt"] == metrics["eventprop_step_s"] / metrics["bptt_step_s"]
    assert metrics["eventprop_over_limit"] == metrics["eventprop_step_s"] / metrics["limit_step_s"]
    assert metrics["smooth_over_exact"] == metrics["eventprop-smooth_step_s"] / metrics["eventprop_step_s"]
    assert 1 < metrics["smooth_over_exact_residual_bytes"] <= 1.15
    assert metrics["silence_over_none"] == metrics["eventprop_silence_step_s"] / metrics["eventprop_step_s"]
    for kind, delays in (("axonal", 60 + 12), ("synaptic", 12 * (60 + 12))):
        name = f"eventprop_{kind}_delays"
        assert metrics[f"{kind}_delays_over_none"] == metrics[f"{name}_step_s"] / metrics["eventprop_step_s"]
        assert metrics[f"{name}_residual_bytes"] - metrics["eventprop_residual_bytes"] <= 2 * 4 * delays
    values = metrics["grid_steps"] * 3 * 12 * 4
    assert metrics["bptt_residual_bytes"] >= metrics["bptt_checkpointed_residual_bytes"] + values
    assert (
        2 * values <= metrics["bptt_scan_residual_bytes"] < 2.1 * values
    )  # two numbers of every neuron in every step, as documented
    assert metrics["bptt_scan_input_grid_bytes"] == metrics["grid_steps"] * 3 * 60 * 4
    room = 3 * metrics["event_pool"]
    assert 12 * room <= metrics["eventprop_residual_bytes"] < 12 * room + 1000  # three numbers a spike
    printed = capsys.readouterr().out
    assert all(label in printed for label in LABELS.values())


@pytest.mark.slow
def test_speed_runs_on_one_core(tmp_path):
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    command = [sys.executable, "-m", "benchmarks.speed", *settings, "--repeats=1", "--json", f"--out={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["env"]["threads"] == 1 or not sys.platform.startswith("linux")
    assert "intra_op_parallelism_threads=1" in record["env"]["XLA_FLAGS"]
    assert "out" not in record["config"]


def test_help_needs_no_jax():
    code = "import sys; sys.modules['jax'] = None; sys.argv = ['speed', '--help']; import runpy; "
    code += "runpy.run_module('benchmarks.speed', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "--cores" in done.stdout, done.stderr


def test_impossible_settings():
    with pytest.raises(ValueError, match="repeats is 0, expected a whole number >= 1"):
        Config(repeats=0)


def test_the_figure_shows_each_contestant():
    samples = {f"{name}_step_s": [0.1, 0.2, 0.3] for name in CONTESTANTS}
    sizes = {f"{name}_residual_bytes": 1e6 for name in CONTESTANTS}
    left, right = speed({"samples": samples, "metrics": sizes}).axes
    labels = [contestant.label for contestant in CONTESTANTS.values()]
    assert [label.get_text() for label in left.get_yticklabels()] == labels
    assert {bar.get_width() for bar in left.patches} == {200} and {bar.get_width() for bar in right.patches} == {1}


def test_committed_records_are_still_drawn():
    record = records.read(ROOT / "results" / "speed.jsonl")[-1]
    (figure,) = figures(record).values()
    assert len(figure.axes[0].patches) >= 4 and "BPTT-SG" in table(record)
