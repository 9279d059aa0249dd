"""Two processes that simulate one network, on a tiny one; what is counted; the committed record."""

from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.spike_exchange.__main__ import COMMAND
from benchmarks.spike_exchange.exchange import SPIKE
from benchmarks.spike_exchange.figure import figures, table
from benchmarks.spike_exchange.measure import Config, measure
from gradlab.reporting import records

ROOT = Path(__file__).parents[2]
EXACT = 1e-12  # [s]


def test_two_processes_find_the_spikes_of_one_and_count_what_they_send(tmp_path, capsys):
    config = Config(neurons=(9,), delays=(2e-3, 7e-3), input_rate=50.0, hidden_rate=60.0, duration=0.05, out=tmp_path)
    with jax.enable_x64(True):
        record = COMMAND.run(config)
    assert records.read(tmp_path / "spike_exchange.jsonl") == [record]
    assert (tmp_path / "figures" / "spike_exchange.png").read_bytes().startswith(b"\x89PNG")
    assert record["metrics"]["networks_with_other_spikes"] == 0
    assert record["metrics"]["largest_time_error_s"] < EXACT
    points = record["samples"]["points"]
    assert [point["exchanges"] for point in points] == [25, 8]
    for point in points:
        assert point["spikes"] > 9 and point["sent_bytes"] == SPIKE.itemsize * point["spikes"]
        assert point["bits_at_steps_bytes"] == 50 * 2  # steps, and a byte for 4 and for 5 neurons
        assert point["states_at_events_bytes"] == 16 * 9 * point["events"]
    assert points[0]["largest_message_bytes"] <= points[0]["sent_bytes"]
    assert str(points[1]["sent_bytes"]) in capsys.readouterr().out.splitlines()[2].split()


def test_double_precision_is_needed():
    with jax.enable_x64(False), pytest.raises(ValueError, match="set jax_enable_x64"):
        measure(Config())


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"neurons": (8, 1)}, "neurons has 1, expected 2 or more"), ({"delays": ()}, "delays are empty, expected one")],
)
def test_impossible_settings(settings, said):
    with pytest.raises(ValueError, match=said):
        Config(**settings)


def test_the_committed_record_is_exact_and_drawn():
    record = records.read(ROOT / "results" / "spike_exchange.jsonl")[-1]
    assert record["metrics"]["networks_with_other_spikes"] == 0 and record["metrics"]["largest_time_error_s"] < EXACT
    left, right = figures(record)["spike_exchange.png"].axes
    points = record["samples"]["points"]
    sizes = {point["neurons"] for point in points}
    assert len(left.lines) == len(sizes) and len(right.lines) == 3
    np.testing.assert_array_equal(right.lines[0].get_xdata(), sorted(sizes))
    assert len(table(record).splitlines()) == 1 + len(points)
