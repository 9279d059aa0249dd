"""The comparison with other libraries, without them: a fake peer takes their place."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import fake_peer
import numpy as np
import pytest

from benchmarks.peers import environments
from benchmarks.peers.collect import Call, Result, run_once, run_rounds
from benchmarks.peers.config import Config
from benchmarks.peers.contestant import Contestant, Problem, check, measure, tune
from benchmarks.peers.figure import figures, peers, table
from benchmarks.peers.measure import metrics_of
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]
SMALL = dict(hidden=12, batch_size=3, inputs=60, outputs=4, input_rate=150.0, hidden_rate=30.0, duration=0.1)
FAKE = Call(Path(sys.executable), "fake_peer")


@pytest.fixture
def problem():
    times = np.array([[0.0004, 0.0004, 0.003], [0.0011, 0.0099, np.inf]])
    units = np.array([[1, 1, 0], [0, 1, -1]])
    weights = (np.ones(shape, np.float32) for shape in ((2, 3), (3, 3), (3, 2)))
    return Problem(times, units, np.array([0, 1]), *weights, 20e-3, 10e-3, 1.0, 1e-3, 0.01, 1e-3, rate=8.0)


@pytest.fixture
def path(problem, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    problem.save(tmp_path / "problem.npz")
    return tmp_path / "problem.npz"


@pytest.fixture(scope="module")
def results():
    return {
        "eventprop": Result([0.1, 0.2, 0.3], 2e6, 10.0, version=None),
        "bptt": Result([0.4], 5e7, 10.0),
        "spyx": Result([1.6, 1.6], 1.8e8, 10.3, version="1.0.0"),
        "jaxsnn": Result([3.0], None, 9.0, "feed-forward", "0.3.0"),
        "norse": Result(reason="not installed"),
    }


def record_of(results):
    samples = {f"{name}_step_s": result.seconds for name, result in results.items()}
    return {"metrics": metrics_of(results), "samples": samples}


def test_problem_survives_a_file(problem, path):
    loaded = Problem.load(path)
    for name, value in problem._asdict().items():
        np.testing.assert_array_equal(getattr(loaded, name), value)
        assert isinstance(getattr(loaded, name), type(value))


def test_grid_counts_the_spikes_of_each_step(problem):
    grid = problem.grid()
    assert grid.shape == (10, 2, 2) and grid.sum() == 5
    assert grid[0, 0, 1] == 2 and grid[3, 0, 0] == grid[1, 1, 0] == grid[9, 1, 1] == 1


def test_part_of_a_problem(problem):
    part = problem.part(1, 0.002)
    np.testing.assert_array_equal(part.times, [[0.0004, 0.0004]])
    np.testing.assert_array_equal(part.units, [[1, 1]])
    assert part.duration == 0.002 and list(part.labels) == [0] and part.grid().shape == (2, 1, 2)
    assert part.rate_of(6) == pytest.approx(6 / (1 * 3 * 0.002))


@pytest.mark.parametrize("start", [0.6, 1.0, 1.7])
def test_rate_is_tuned(problem, start):
    scaled, rate = tune(fake_peer.build, problem._replace(w_in=np.float32(start) * problem.w_in))
    assert rate == pytest.approx(8, rel=0.1)
    np.testing.assert_allclose(scaled.w_in, rate / 8, rtol=1e-6)


@pytest.mark.parametrize("rate", [3.0, math.inf, math.nan])
def test_rate_out_of_reach_is_refused(problem, rate):
    with pytest.raises(ValueError, match="expected about 8 Hz"):
        tune(lambda _: Contestant(list, lambda: rate, 0), problem)


@pytest.mark.parametrize("gradient", [np.zeros(3), np.array([1.0, np.nan])])
def test_nothing_to_time_is_refused(gradient):
    check([np.ones(2)])
    with pytest.raises(ValueError, match="gradient 1 of shape .* is zero or not finite"):
        check([np.ones(2), gradient])


def test_memory_is_that_of_the_whole_problem(problem):
    problem = problem._replace(duration=160.0)  # 2.56 MB of input, and 20 times that is stored
    found = measure(fake_peer.build, problem, repeats=4)
    assert len(found["seconds"]) == 4 and min(found["seconds"]) > 0
    if sys.platform.startswith("linux"):
        assert found["peak_bytes"] == pytest.approx(21 * 2.56e6, rel=0.1)


def test_a_process_tells_its_figures(path):
    told = run_once(FAKE, path, repeats=3)
    assert len(told["seconds"]) == 3 and told["rate_hz"] == 8 and told["version"] == np.__version__


def test_rounds_are_interleaved_and_failures_told(path, monkeypatch):
    monkeypatch.setenv("FAKE_LIMITS", "half of it")
    seen = []
    monkeypatch.setattr("benchmarks.peers.collect.run_once", lambda c, *a: seen.append(c.module) or run_once(c, *a))
    commands = {"good": FAKE, "absent": FAKE._replace(module="no_such_peer"), "too": FAKE}
    found = run_rounds(commands, path, rounds=2, repeats=3)
    assert seen == ["fake_peer", "no_such_peer", "fake_peer", "fake_peer", "fake_peer"]
    assert len(found["good"].seconds) == len(found["too"].seconds) == 6 and found["good"].limits == "half of it"
    assert found["good"].reason is None and found["good"].rate_hz == 8
    assert found["absent"].median is None and "No module named no_such_peer" in found["absent"].reason


def test_silent_peer_is_no_result(path, monkeypatch):
    monkeypatch.setenv("FAKE_SILENT", "1")
    assert "zero or not finite" in run_rounds({"x": FAKE}, path, 1, 1)["x"].reason


def test_metrics_compare_like_with_like(results):
    metrics = metrics_of(results)
    assert metrics["eventprop_step_s"] == 0.2 and metrics["spyx_peak_bytes"] == 1.8e8
    assert metrics["eventprop_over_spyx"] == pytest.approx(1 / 8) and metrics["eventprop_over_bptt"] == 0.5
    assert metrics["jaxsnn_step_s"] == 3 and metrics["eventprop_over_jaxsnn"] is None  # another problem
    assert metrics["eventprop_over_norse"] is None and metrics["norse_reason"] == "not installed"
    lost = metrics_of(results | {"eventprop": Result(reason="crashed")})
    assert lost["eventprop_over_spyx"] is None


def test_table_tells_all(results):
    text = table(record_of(results))
    rows = {line.split()[0]: line for line in text.splitlines() if line}
    assert rows["spyx"].split() == ["spyx", "(BPTT-SG)", "1.0.0", "1.6000", "1.6000-1.6000", "180.0", "10.3", "8.0"]
    assert rows["jaxsnn"].endswith("?        9.0               feed-forward")
    assert rows["norse"].endswith("skipped: not installed")
    assert "0.1500-0.2500" in rows["EventProp,"]


def test_figure_has_a_bar_for_each_measurement(results):
    drawn = peers(record_of(results))
    left, right = drawn.axes
    np.testing.assert_allclose([bar.get_width() for bar in left.patches], [0.2, 0.4, 1.6, 3.0])
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], [2, 50, 180])
    assert [bar.get_hatch() for bar in left.patches] == [None, None, None, "//"]
    assert [label.get_text() for label in left.get_yticklabels()][2] == "spyx (BPTT-SG)"
    assert "jaxsnn: feed-forward" in drawn.get_supxlabel()


def test_environments_follow_their_requirements(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(environments, "_call", lambda *c: (calls.append(c), (tmp_path / "spyx").mkdir(exist_ok=True)))
    assert not environments.is_installed("spyx", tmp_path)
    for _ in range(2):
        environments.install("spyx", tmp_path)
    assert len(calls) == 2 and calls[0][1:3] == ("-m", "venv") and calls[1][1:4] == ("-m", "pip", "install")
    assert environments.is_installed("spyx", tmp_path) and not environments.is_installed("norse", tmp_path)
    (tmp_path / "spyx" / "installed.txt").write_text("spyx==0.1")  # pinned otherwise
    assert not environments.is_installed("spyx", tmp_path)


def test_failed_installation_says_why():
    with pytest.raises(OSError, match="-c .* failed: ERROR: no such package"):
        environments._call(sys.executable, "-c", "import sys; sys.exit('ERROR: no such package\\nlast words')")


@pytest.mark.parametrize("peer", environments.PEERS)
def test_peers_are_pinned_and_import_nothing_of_ours(peer):
    lines = environments.requirements_of(peer).read_text().splitlines()
    assert all("==" in line for line in lines if not line.startswith("#"))
    folder = ROOT / "benchmarks" / "peers"
    for path in (folder / "adapters" / f"{peer}.py", folder / "contestant.py"):
        assert not re.search(r"^\s*(from|import) (gradlab|solvers)\b", path.read_text(), re.MULTILINE)


def test_unknown_peer_is_refused():
    with pytest.raises(ValueError, match="choose among spyx, snntorch, norse, jaxsnn"):
        environments.requirements_of("brian")


def test_impossible_settings():
    with pytest.raises(ValueError, match="rounds is 0, expected a whole number >= 1"):
        Config(rounds=0)


@pytest.mark.slow
def test_command_runs_ours_and_tells_who_is_missing(tmp_path):
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    command = [sys.executable, "-m", "benchmarks.peers", *settings, "--peers", "spyx", "--rounds=1", "--repeats=2"]
    command += ["--json", f"--out={tmp_path}", f"--environments={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert records.read(tmp_path / "peers.jsonl") == [record]
    assert (tmp_path / "figures" / "peers.png").read_bytes().startswith(b"\x89PNG")
    assert record["status"] == "skipped" and "spyx: not installed in --environments" in record["reason"]
    assert str(tmp_path) not in json.dumps(record) and record["benchmark"] == "peers"
    metrics, samples = record["metrics"], record["samples"]
    assert metrics["eventprop_over_spyx"] is None and samples["spyx_step_s"] == []
    assert len(samples["eventprop_step_s"]) == len(samples["bptt_step_s"]) == 2
    assert metrics["eventprop_over_bptt"] == metrics["eventprop_step_s"] / metrics["bptt_step_s"]
    assert metrics["eventprop_rate_hz"] == pytest.approx(30, rel=0.1)
    assert metrics["bptt_rate_hz"] == pytest.approx(30, rel=0.15)
    assert "spyx (BPTT-SG)" in done.stdout and "skipped" in done.stdout


def test_committed_records_are_still_drawn():
    record = records.read(ROOT / "results" / "peers.jsonl")[-1]
    (figure,) = figures(record).values()
    measured = [name for name, times in record["samples"].items() if times]
    assert len(figure.axes[0].patches) == len(measured) > 0 and "spyx (BPTT-SG)" in table(record)
