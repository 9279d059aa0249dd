import dataclasses

import jax
import numpy as np
import pytest

from benchmarks import memory_problems, memory_scaling
from benchmarks.memory_problems import METHODS, Size
from gradlab import memory, records
from gradlab.memory import scaling_plots

SMALL = Size(hidden=8, batch_size=3, duration=0.1, driven=0.1, hidden_rate=20.0)


@pytest.fixture(scope="module")
def active():
    return memory_problems.activity(SMALL)


def test_spikes_fit_their_room(active):
    assert 0 < active.hidden_spikes <= active.capacity and 0 < active.input_spikes <= active.input_capacity
    assert active.input_spikes == pytest.approx(700 * 11.4 * 0.1, rel=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_shapes_are_those_of_the_data(method, active):
    function, arguments = memory_problems.gradient_of(method, active.capacity, "auto", **dataclasses.asdict(SMALL))
    of_shapes = memory_problems.shapes(SMALL, active.input_capacity)
    made = memory_problems.problem(method, SMALL, *of_shapes, active.capacity, "auto")
    same = jax.tree.map(lambda x, y: (x.shape, x.dtype) == (y.shape, y.dtype), made.arguments, arguments)
    assert all(jax.tree.leaves(same))
    assert made.input_bytes == sum(x.nbytes for x in jax.tree.leaves(arguments[2]))
    point = memory_scaling.measure(method, SMALL, active, h100=False, processes=False)
    assert point["residual_bytes"] == memory.residual_bytes(made.function, *arguments)
    assert point["h100_temporaries_bytes"] is None and memory_scaling.without_input(point) is None


def test_silence_brings_at_most_a_few_late_spikes_and_takes_no_room(active):
    longer = dataclasses.replace(SMALL, duration=0.2)
    with_silence = memory_problems.activity(longer)
    assert with_silence.input_spikes == active.input_spikes and with_silence.capacity == active.capacity
    assert active.hidden_spikes <= with_silence.hidden_spikes <= active.hidden_spikes + 2
    points = {
        method: [
            memory_scaling.measure(method, size, active, h100=False, processes=False)["residual_bytes"]
            for size in (SMALL, longer)
        ]
        for method in METHODS
    }
    assert points["eventprop"][0] == points["eventprop"][1]
    assert 1.8 < points["bptt_scan"][1] / points["bptt_scan"][0] < 2.1


@pytest.mark.parametrize(("per_sample", "whole"), [(3.3e6, True), (2.5e8, False)])
def test_the_largest_that_fits_is_found(per_sample, whole):
    bytes_at = lambda x: 1e9 + per_sample * x + 1e7 * np.sqrt(x)  # noqa: E731
    found = memory_scaling.largest_that_fits(bytes_at, 4, whole)
    assert 0.99 * memory.H100_BYTES <= bytes_at(found) <= memory.H100_BYTES
    assert found == int(found) or not whole


def made_up_point(sweep, value, method):
    of_method = {"eventprop": 1, "bptt_scan": value**1.0, "bptt": value**0.9, "bptt_checkpointed": value**0.5}
    return {
        "sweep": sweep, "value": value, "method": method, "residual_bytes": 1000 * of_method[method],
        "input_bytes": 50, "h100_arguments_bytes": 60, "h100_outputs_bytes": 10,
        "h100_temporaries_bytes": 980 * of_method[method],
    }  # fmt: skip


@pytest.mark.parametrize("h100", [True, False])
def test_slopes_and_their_plot(h100):
    points = [made_up_point(s, x, m) for s in memory_scaling.SWEEPS for x in (100, 200, 400) for m in METHODS]
    if not h100:
        points = [p | {"h100_temporaries_bytes": None} for p in points]
    metrics = memory_scaling.slopes(points)
    assert metrics["slope_residual_duration_bptt_checkpointed"] == pytest.approx(0.5)
    assert metrics["slope_residual_dt_eventprop"] == pytest.approx(0, abs=1e-9)
    assert ("slope_h100_hidden_bptt" in metrics) == h100
    figure = scaling_plots.memory_scaling({"samples": {"points": points}, "metrics": metrics})
    assert len(figure.axes) == (10 if h100 else 5)
    for ax in figure.axes:
        assert [line.get_gid() for line in ax.lines] == list(METHODS)
        assert [line.get_label() for line in ax.lines][0] == "slope 0.00"
    first = figure.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(first, (60 + 10 + 980 - 50 if h100 else 1000) / 1e6)
    assert "0.50" in memory_scaling.table(metrics)


@pytest.mark.skipif(not memory.compiles_for_h100(), reason="XLA's compiler for NVIDIA's GPUs is not installed")
def test_comparison_on_an_h100(monkeypatch):
    monkeypatch.setattr(memory_scaling, "_COMPARED_AT", 32)
    monkeypatch.setattr(memory_scaling, "METHODS", ("eventprop", "bptt_scan", "bptt_checkpointed"))
    monkeypatch.setattr(memory_scaling, "limits", lambda *_: {})
    metrics = memory_scaling.compare(memory_scaling.Config(hidden=32, duration=0.1, hidden_rate=20.0))
    ratio = metrics["h100_bptt_scan_bytes"] / metrics["h100_eventprop_bytes"]
    assert metrics["h100_bptt_over_eventprop"] == ratio > metrics["h100_checkpointed_over_eventprop"] > 0


def test_record_and_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        memory_scaling, "SWEEPS", {name: (1, 1 / 2 if name == "dt" else 2) for name in memory_scaling.SWEEPS}
    )
    sizes = dict(hidden=8, batch_size=3, duration=0.1, hidden_rate=20.0)
    record = memory_scaling.run(memory_scaling.Config(**sizes, processes=(), h100=False, out=tmp_path))
    assert records.read(tmp_path / "memory_scaling.jsonl") == [record]
    assert (tmp_path / "figures" / "memory_scaling.png").read_bytes().startswith(b"\x89PNG")
    assert len(record["samples"]["points"]) == 5 * 2 * 4
    assert record["metrics"]["slope_residual_batch_size_eventprop"] == pytest.approx(1, abs=0.01)
    assert "slope of memory against" in capsys.readouterr().out


def test_a_slope_needs_two_points():
    with pytest.raises(ValueError, match="points is 1, expected at least 2"):
        memory_scaling.Config(points=1)
