"""The sweep measures each point once and finds the exponents; the measurement itself has its own tests."""

import dataclasses
from pathlib import Path

import pytest

from benchmarks.speed.config import Config as SpeedConfig
from benchmarks.speed_scaling import measure as speed_scaling
from benchmarks.speed_scaling.__main__ import COMMAND
from benchmarks.speed_scaling.figure import figures, table
from gradlab.methods import METHODS
from gradlab.reporting import records
from solvers.bptt import time_grid


@pytest.fixture
def fake(monkeypatch):
    """Times that grow in a known way, instead of measured ones."""
    seen = []

    def measure(settings):
        seen.append(settings)
        cores = 1.9 if settings["cores"] == "all" else 1.0
        eventprop = settings["hidden"] * settings["duration"] * 1e-4 / cores
        times = {"eventprop": eventprop, "bptt": eventprop**2, "bptt_checkpointed": 2 * eventprop**2}
        times |= dict.fromkeys(set(METHODS) - set(times), 1.3 * eventprop)
        times |= {
            "eventprop_per_neuron": 1.5 * eventprop,
            "eventprop_axonal_delays": 1.4 * eventprop,
            "eventprop_synaptic_delays": 50 * eventprop * (0.1 + settings["longest_delay"]),
            "limit": 0.5 * eventprop,
        }
        ratios = dict.fromkeys(speed_scaling.RATIOS, 0.5)
        spikes = {"input_spikes_per_sample": 10.0, "hidden_spikes_per_sample": 5.0}
        return {f"{name}_step_s": x for name, x in times.items()} | ratios | spikes

    monkeypatch.setattr(speed_scaling, "measured_apart", measure)
    return seen


def test_sweep_is_measured_drawn_and_recorded(fake, tmp_path, capsys):
    record = COMMAND.run(speed_scaling.Config(sweeps=("hidden", "duration", "longest_delay", "cores"), out=tmp_path))
    assert len(fake) == 4 + 2 + 3 + 1  # the usual size once
    metrics = record["metrics"]
    assert metrics["exponent_hidden_eventprop"] == pytest.approx(1)
    assert metrics["exponent_duration_bptt"] == pytest.approx(2)
    assert metrics["exponent_longest_delay_eventprop_axonal_delays"] == pytest.approx(0, abs=1e-9)
    assert 0.2 < metrics["exponent_longest_delay_eventprop_synaptic_delays"] < 0.6
    assert metrics["all_cores_speedup_eventprop"] == pytest.approx(1.9)
    assert metrics["eventprop_over_bptt_hidden_1024"] == 0.5
    assert records.read(tmp_path / "speed_scaling.jsonl") == [record]
    assert (tmp_path / "figures" / "speed_scaling.png").read_bytes().startswith(b"\x89PNG")
    assert "exponent, hidden" in capsys.readouterr().out


def test_cores_alone_have_no_picture(fake, tmp_path):
    record = COMMAND.run(speed_scaling.Config(sweeps=("cores",), out=tmp_path))
    assert record["metrics"]["all_cores_speedup_eventprop"] == pytest.approx(1.9)
    assert not list(tmp_path.glob("figures/*.png"))


@pytest.mark.parametrize(
    ("error", "reason"), [(ValueError("too large"), "too large"), (KeyboardInterrupt(), "stopped by the user")]
)
def test_points_before_a_failed_one_are_recorded(fake, monkeypatch, tmp_path, error, reason):
    measure = speed_scaling.measured_apart

    def fails_at_last(settings):
        if settings["hidden"] == 1024:
            raise error
        return measure(settings)

    monkeypatch.setattr(speed_scaling, "measured_apart", fails_at_last)
    with pytest.raises(type(error)):
        COMMAND.run(speed_scaling.Config(sweeps=("duration", "hidden"), out=tmp_path))
    (record,) = records.read(tmp_path / "speed_scaling.jsonl")
    assert (record["status"], record["reason"]) == ("interrupted", reason)
    assert [p["value"] for p in record["samples"]["points"]] == [0.5, 1.0, 2.0, 128, 256, 512]


def test_every_point_is_possible():
    for name, values in speed_scaling.SWEEPS.items():
        for value in values:
            settings = dataclasses.replace(SpeedConfig(), **{name: value})
            time_grid(settings.duration, settings.dt, settings.delay)


def test_a_failed_point_tells_why():
    with pytest.raises(ValueError, match="(?s)--hidden=-1 failed: .*hidden is"):
        speed_scaling.measured_apart({"hidden": -1})


def test_unknown_sweeps_are_refused():
    with pytest.raises(ValueError, match="sweeps are .*'size'.*expected some of hidden, duration"):
        speed_scaling.Config(sweeps=("size",))


def test_committed_records_are_still_drawn():
    path = Path(__file__).parents[2] / "results" / "speed_scaling.jsonl"
    *_, record = (r for r in records.read(path) if r["status"] == "ok" and len(r["samples"]["points"]) > 2)
    (figure,) = figures(record).values()
    timed = [name for name in speed_scaling.TIMED if f"{name}_s" in record["samples"]["points"][0]]
    assert len(figure.axes[0].lines) == len(timed) >= 5
    for each in (record, records.read(path)[-1]):
        assert "eventprop_over_bptt" in table(each)
