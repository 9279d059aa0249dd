import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import convergence, speed
from benchmarks.limit import Limit
from benchmarks.workload import make_workload, poisson_data
from gradlab import Network, plots, records
from solvers.events import pad_events
from solvers.lif import kappa, lif_params

ROOT = Path(__file__).parents[2]
SMALL = dict(hidden=12, batch_size=3, inputs=60, outputs=4, input_rate=150.0, hidden_rate=30.0, duration=0.1)


@pytest.fixture(scope="module")
def work():
    network = Network(60, (12,), 4, duration=0.1)
    return make_workload(network, samples=3, input_rate=150.0, hidden_rate=30.0, dt=1e-3, seed=0)


def test_poisson_data_have_their_rate():
    data = poisson_data(20, inputs=50, rate=40.0, duration=0.5, classes=3, seed=1)
    assert data.spikes_per_sample.mean() == pytest.approx(50 * 40 * 0.5, rel=0.03)
    assert data.end_time <= 0.5 and set(data.labels) <= {0, 1, 2}
    np.testing.assert_array_equal(data.times, poisson_data(20, 50, 40.0, 0.5, 3, seed=1).times)


def test_hidden_rate_is_tuned(work):
    assert work.rate == pytest.approx(30, rel=0.1)
    assert work.hidden_spikes == pytest.approx(work.rate * 12 * 0.1)
    assert work.capacity == 256 and work.steps == 101


def test_all_forms_of_bptt_are_one_gradient(work):
    losses, gradients = {}, {}
    for name, objective in work.objectives.items():
        loss, gradients[name] = jax.jit(jax.value_and_grad(objective.function))(*objective.all_arguments)
        losses[name] = float(loss)
    for name in ("bptt_checkpointed", "bptt_scan"):
        assert losses[name] == pytest.approx(losses["bptt"], rel=1e-5)
        for x, y in zip(jax.tree.leaves(gradients[name]), jax.tree.leaves(gradients["bptt"]), strict=True):
            np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-3, atol=1e-4 * np.abs(y).max())
    assert losses["eventprop"] == pytest.approx(losses["bptt"], rel=0.05)
    assert all(jnp.isfinite(x).all() for x in jax.tree.leaves(gradients["eventprop"]))


def test_limit_is_the_flow_over_the_events():
    times, units = np.array([1e-3, 1e-3, 30e-3], np.float32), np.array([0, 1, 0])
    events = pad_events([(times, units)])
    weights = jnp.array([[1.0, 2.0], [3.0, -1.0]], jnp.float32)
    params = lif_params(weights, w_rec=0.5 * weights, tau_mem=20e-3, tau_syn=10e-3)
    limit = Limit(params, events, pad_events([(np.array([28e-3]), np.array([1]))]), 1e-3)
    rows, lags = np.array([[1, 2], [3, -1], [1.5, -0.5], [1, 2]]), np.array([29e-3, 29e-3, 1e-3, 0])
    np.testing.assert_allclose(limit.forward()[0], kappa(lags, 20e-3, 10e-3) @ rows, rtol=1e-5)
    at_current = np.exp(-lags / 10e-3) + np.asarray(kappa(lags, 20e-3, 10e-3))
    expected = np.zeros(4)
    np.add.at(expected, [0, 1, 3, 0], at_current)
    first = np.array([limit.forward()[0], *np.zeros((3, 2))])  # the voltages are added to the first row
    np.testing.assert_allclose(limit.step() - first, np.outer(expected, [1, 1]), rtol=1e-5)


@pytest.mark.parametrize("input_rate", [40.0, 800.0])
def test_the_rate_is_reached_far_from_the_usual_input(input_rate):
    network = Network(60, (12,), 5, duration=0.3)
    work = make_workload(network, samples=3, input_rate=input_rate, hidden_rate=30.0, dt=1e-3, seed=0)
    assert work.rate == pytest.approx(30, rel=0.1)


def test_speed_measures_and_records(tmp_path, capsys):
    record = speed.run(speed.Config(**SMALL, repeats=2, out=tmp_path))
    metrics = record["metrics"]
    assert records.read(tmp_path / "speed.jsonl") == [record]
    assert (tmp_path / "figures" / "speed.png").read_bytes().startswith(b"\x89PNG")
    assert {len(times) for times in record["samples"].values()} == {2} and len(record["samples"]) == 9
    assert metrics["eventprop_over_bptt"] == metrics["eventprop_step_s"] / metrics["bptt_step_s"]
    assert metrics["eventprop_over_limit"] == metrics["eventprop_step_s"] / metrics["limit_step_s"]
    assert metrics["silence_over_none"] == metrics["eventprop_silence_step_s"] / metrics["eventprop_step_s"]
    values = metrics["grid_steps"] * 3 * 12 * 4
    assert metrics["bptt_residual_bytes"] >= metrics["bptt_checkpointed_residual_bytes"] + values
    assert (
        2 * values <= metrics["bptt_scan_residual_bytes"] < 2.1 * values
    )  # two numbers of every neuron in every step, as documented
    assert metrics["bptt_scan_input_grid_bytes"] == metrics["grid_steps"] * 3 * 60 * 4
    room = 3 * metrics["event_capacity"]
    assert 12 * room <= metrics["eventprop_residual_bytes"] < 12 * room + 1000  # three numbers a spike
    printed = capsys.readouterr().out
    assert all(label in printed for label in speed._LABELS.values())


def test_speed_runs_on_one_core(tmp_path):
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    command = [sys.executable, "-m", "benchmarks.speed", *settings, "--repeats=1", "--json", f"--out={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["env"]["threads"] == 1 or not sys.platform.startswith("linux")
    assert "intra_op_parallelism_threads=1" in record["env"]["XLA_FLAGS"]
    assert "out" not in record["config"]


def test_convergence_measures_and_records(tmp_path, capsys):
    config = convergence.Config(
        steps=(1e-3, 5e-4, 1.25e-4), hidden=8, samples=4, inputs=40, input_rate=300.0, duration=0.1, out=tmp_path
    )
    with jax.enable_x64(True):
        record = convergence.run(config)
    assert records.read(tmp_path / "convergence.jsonl") == [record]
    assert (tmp_path / "figures" / "convergence.png").read_bytes().startswith(b"\x89PNG")
    coarse, *_, fine = record["samples"]["spike_time_error_s"]
    assert coarse > 4 * fine > 0
    assert all(0.7 < order < 1.5 for order in record["metrics"].values())
    assert record["samples"]["dt_s"] == list(config.steps)
    assert "order" in capsys.readouterr().out


def test_convergence_needs_double_precision():
    with jax.enable_x64(False), pytest.raises(ValueError, match="set jax_enable_x64"):
        convergence.measure(convergence.Config())


def test_silence_is_refused():
    with jax.enable_x64(True), pytest.raises(ValueError, match="no hidden neuron spikes: raise input_rate"):
        convergence.measure(convergence.Config(hidden=3, samples=1, inputs=5, input_rate=10.0))


def test_impossible_settings():
    with pytest.raises(ValueError, match="repeats is 0, expected > 0"):
        speed.Config(repeats=0)
    with pytest.raises(ValueError, match="expected at least two"):
        convergence.Config(steps=(1e-3,))
    with pytest.raises(ValueError, match="samples is 0"):
        convergence.Config(samples=0)


def test_figures_show_each_method_and_each_quantity():
    samples = {f"{name}_step_s": [0.1, 0.2, 0.3] for name in plots.METHOD_LABELS}
    sizes = {f"{name}_residual_bytes": 1e6 for name in plots.METHOD_LABELS}
    left, right = plots.speed({"samples": samples, "metrics": sizes}).axes
    assert [label.get_text() for label in left.get_yticklabels()] == list(plots.METHOD_LABELS.values())
    assert {bar.get_width() for bar in left.patches} == {200} and {bar.get_width() for bar in right.patches} == {1}

    errors = {name: [4.0, 2.0] for name in ("spike_time_error_s", "logits_relative_error", "loss_relative_error")}
    orders = {"order_spike_times": 1.0, "order_logits": None, "order_loss": 1.5}
    left, right = plots.convergence({"samples": {"dt_s": [2e-3, 1e-3], **errors}, "metrics": orders}).axes
    assert [line.get_label() for line in left.lines] == ["spike times, order 1.00", "first order"]
    assert [line.get_label() for line in right.lines] == ["logits", "loss, order 1.50", "first order"]
    np.testing.assert_allclose(np.divide(*right.lines[-1].get_ydata()), 2)
