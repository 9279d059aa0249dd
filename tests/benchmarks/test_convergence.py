"""The benchmark of convergence, on a tiny network."""

from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.convergence.__main__ import COMMAND
from benchmarks.convergence.figure import convergence, figures, table
from benchmarks.convergence.measure import Config, measure
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]


def test_convergence_measures_and_records(tmp_path, capsys):
    config = Config(
        steps=(1e-3, 5e-4, 1.25e-4), hidden=8, samples=4, inputs=40, input_rate=300.0, duration=0.1, out=tmp_path
    )
    with jax.enable_x64(True):
        record = COMMAND.run(config)
    assert records.read(tmp_path / "convergence.jsonl") == [record]
    assert (tmp_path / "figures" / "convergence.png").read_bytes().startswith(b"\x89PNG")
    coarse, *_, fine = record["samples"]["spike_time_error_s"]
    assert coarse > 4 * fine > 0
    assert all(0.7 < order < 1.5 for order in record["metrics"].values())
    assert record["samples"]["dt_s"] == list(config.steps)
    assert "order" in capsys.readouterr().out


def test_convergence_needs_double_precision():
    with jax.enable_x64(False), pytest.raises(ValueError, match="set jax_enable_x64"):
        measure(Config())


def test_silence_is_refused():
    with jax.enable_x64(True), pytest.raises(ValueError, match="no hidden neuron spikes: raise input_rate"):
        measure(Config(hidden=3, samples=1, inputs=5, input_rate=10.0, duration=2e-3))


def test_impossible_settings():
    with pytest.raises(ValueError, match="2 or more of them"):
        Config(steps=(1e-3,))
    with pytest.raises(ValueError, match="samples is 0"):
        Config(samples=0)


def test_the_figure_shows_each_quantity():
    errors = {name: [4.0, 2.0] for name in ("spike_time_error_s", "logits_relative_error", "loss_relative_error")}
    orders = {"order_spike_times": 1.0, "order_logits": None, "order_loss": 1.5}
    record = {"samples": {"dt_s": [2e-3, 1e-3], "equal_count_share": [0.5, None], **errors}, "metrics": orders}
    left, right = convergence(record).axes
    assert [line.get_label() for line in left.lines] == ["spike times, order 1.00", "first order"]
    assert [line.get_label() for line in right.lines] == ["logits", "loss, order 1.50", "first order"]
    np.testing.assert_allclose(np.divide(*right.lines[-1].get_ydata()), 2)
    assert table(record).splitlines()[-1].split() == ["order", "1.00", "-", "1.50"]


def test_committed_records_are_still_drawn():
    record = records.read(ROOT / "results" / "convergence.jsonl")[-1]
    (figure,) = figures(record).values()
    assert len(figure.axes) == 2 and "order" in table(record)
