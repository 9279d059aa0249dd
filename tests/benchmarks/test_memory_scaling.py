import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.contestants import CONTESTANTS
from benchmarks.memory_scaling import delays, limits, measure, problems
from benchmarks.memory_scaling.__main__ import COMMAND
from benchmarks.memory_scaling.config import Config
from benchmarks.memory_scaling.figure import figures, table
from benchmarks.memory_scaling.figure import memory_scaling as drawn
from benchmarks.memory_scaling.points import engine_on_h100, measure_point, without_input
from benchmarks.memory_scaling.problems import Size
from gradlab.measuring import memory
from gradlab.methods.base import Capacity
from gradlab.reporting import records
from solvers.eventprop.engines.cuda import build, launch

SMALL = Size(hidden=8, batch_size=3, duration=0.1, driven=0.1, hidden_rate=20.0)


@pytest.fixture(scope="module")
def active():
    return problems.activity(SMALL)


def test_spikes_fit_their_room(active):
    assert (
        0 < active.hidden_spikes <= active.room.mean <= active.room.busiest
        and 0 < active.input_spikes <= active.input_capacity
    )
    assert active.input_spikes == pytest.approx(700 * 11.4 * 0.1, rel=0.1)


def test_memory_of_a_gpu_is_that_of_the_engine_chosen_there():
    # in single precision, which this benchmark runs in; here tests run in double, which cuda has not
    with jax.enable_x64(False):
        assert engine_on_h100("eventprop") == "cuda" and engine_on_h100("eventprop-smooth") == "xla"


@pytest.mark.parametrize("method", CONTESTANTS)
def test_shapes_are_those_of_the_data(method, active):
    _, arguments = problems.gradient_at(method, active.room, "auto", **dataclasses.asdict(SMALL))
    of_shapes = problems.shapes(SMALL, active.input_capacity)
    made = problems.problem(method, SMALL, *of_shapes, active.room, "auto")
    same = jax.tree.map(lambda x, y: (x.shape, x.dtype) == (y.shape, y.dtype), made.arguments, arguments)
    assert all(jax.tree.leaves(same))
    assert made.input_bytes == sum(x.nbytes for x in jax.tree.leaves(arguments[2]))
    point = measure_point(method, SMALL, active, h100=False, processes=False)
    kept = memory.residual_bytes(made.functions.loss, *arguments)
    micro = CONTESTANTS[method].micro_batch
    assert point["residual_bytes"] == kept if micro is None else 0.3 < point["residual_bytes"] / kept < 0.4  # 1 of 3
    assert point["h100_temporaries_bytes"] is None and without_input(point) is None


def test_silence_brings_at_most_a_few_late_spikes_and_takes_no_room(active):
    longer = dataclasses.replace(SMALL, duration=0.2)
    with_silence = problems.activity(longer)
    assert with_silence.input_spikes == active.input_spikes and with_silence.room == active.room
    assert active.hidden_spikes <= with_silence.hidden_spikes <= active.hidden_spikes + 2
    points = {
        method: [
            measure_point(method, size, active, h100=False, processes=False)["residual_bytes"]
            for size in (SMALL, longer)
        ]
        for method in CONTESTANTS
    }
    assert points["eventprop"][0] == points["eventprop"][1]
    assert 1.8 < points["bptt_scan"][1] / points["bptt_scan"][0] < 2.1
    bits = points["bptt_whole"][1] * (0.5 + 0.5 / 32)  # of two numbers a step and neuron one is a bit
    assert points["bptt_packed"][1] == pytest.approx(bits, rel=0.05)
    assert 0.5 < points["bptt_bfloat16"][1] / points["bptt_whole"][1] < 0.55


def test_delays_add_themselves_and_nothing_for_a_spike(active):
    added = delays.added_by_delays(SMALL, active.room)
    assert added == delays.added_by_delays(
        SMALL, Capacity(*(8 * each for each in active.room))
    )  # whatever the room for spikes
    for kind, number in (("axonal", 700 + 8), ("synaptic", 8 * (700 + 8))):
        own, more = (added[f"eventprop_{kind}_delays_{what}_bytes"] for what in ("own", "added"))
        assert own == 4 * number and 0 < more <= 2 * own


@pytest.mark.parametrize(("per_sample", "whole"), [(3.3e6, True), (2.5e8, False)])
def test_the_largest_that_fits_is_found(per_sample, whole):
    bytes_at = lambda x: 1e9 + per_sample * x + 1e7 * np.sqrt(x)  # noqa: E731
    found = limits.largest_that_fits(bytes_at, 4, 2**31, whole)
    assert 0.99 * memory.H100_BYTES <= bytes_at(found) <= memory.H100_BYTES
    assert found == int(found) or not whole
    assert limits.largest_that_fits(bytes_at, 4, 10, whole) == 10


def made_up_point(sweep, value, method):
    of_method = {name: value**1.0 for name in CONTESTANTS}
    of_method |= {"eventprop": 1, "bptt": value**0.9, "bptt_checkpointed": value**0.5}
    return {
        "sweep": sweep, "value": value, "method": method, "residual_bytes": 1000 * of_method[method],
        "input_bytes": 50, "h100_arguments_bytes": 60, "h100_outputs_bytes": 10,
        "h100_temporaries_bytes": 980 * of_method[method],
    }  # fmt: skip


@pytest.mark.parametrize("h100", [True, False])
def test_slopes_and_their_plot(h100):
    points = [made_up_point(s, x, m) for s in measure.SWEEPS for x in (100, 200, 400) for m in CONTESTANTS]
    if not h100:
        points = [p | {"h100_temporaries_bytes": None} for p in points]
    metrics = measure.slopes(points)
    assert metrics["slope_residual_duration_bptt_checkpointed"] == pytest.approx(0.5)
    assert metrics["slope_residual_dt_eventprop"] == pytest.approx(0, abs=1e-9)
    assert ("slope_h100_hidden_bptt" in metrics) == h100
    figure = drawn({"samples": {"points": points}, "metrics": metrics})
    assert len(figure.axes) == (10 if h100 else 5)
    for ax in figure.axes:
        assert [line.get_gid() for line in ax.lines] == list(CONTESTANTS)
        assert ax.get_title().startswith("slopes 0.00 and ")
    first = figure.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(first, (60 + 10 + 980 - 50 if h100 else 1000) / 1e6)
    assert "0.50" in table({"metrics": metrics})


needs_compiler = pytest.mark.skipif(
    not memory.compiles_for_h100(), reason="XLA's compiler for NVIDIA's GPUs is not installed (extra gpu-compile)"
)


@needs_compiler
def test_the_gradient_of_a_training_launches_the_kernels_on_an_h100(active):
    made = problems.problem("eventprop", SMALL, *problems.shapes(SMALL, active.input_capacity), active.room, "cuda")
    text = memory.compiled_for_h100(made.functions.gradient, *made.arguments).as_text()
    assert text.count(f'custom_call_target="{launch.TARGET}"') == len(build.KERNELS)


@needs_compiler
@pytest.mark.slow
def test_on_an_h100_the_kernels_take_no_more_than_the_engine_for_any_device(optimised):
    size = Size(batch_size=256)
    found = []
    for engine in ("cuda", "xla"):
        made = problems.problem("eventprop", size, *problems.shapes(size, 11500), 4224, engine)
        found.append(memory.allocation(made.functions.gradient, *made.arguments, h100=True).total - made.input_bytes)
    assert found[0] <= found[1], found


@needs_compiler
def test_comparison_on_an_h100(monkeypatch):
    monkeypatch.setattr(limits, "COMPARED_AT", 32)
    monkeypatch.setattr(limits, "CONTESTANTS", ("eventprop", "bptt_scan", "bptt_whole", "bptt_checkpointed"))
    monkeypatch.setattr(limits, "limits", lambda *_: {})
    metrics = limits.compare(Config(hidden=32, duration=0.1, hidden_rate=20.0, trained_rooms=((1024, 500),)))
    assert metrics["h100_whole_over_eventprop"] < metrics["h100_bptt_over_eventprop"]
    assert metrics["h100_eventprop_room_1024_bytes"] > metrics["h100_eventprop_bytes"]
    assert 500 < metrics["h100_eventprop_room_1024_pool"] < 600
    ratio = metrics["h100_bptt_scan_bytes"] / metrics["h100_eventprop_bytes"]
    assert metrics["h100_bptt_over_eventprop"] == ratio > metrics["h100_checkpointed_over_eventprop"] > 0


def test_record_and_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "SWEEPS", {name: (1, 1 / 2 if name == "dt" else 2) for name in measure.SWEEPS})
    few = {name: CONTESTANTS[name] for name in ("eventprop", "bptt", "bptt_micro")}
    monkeypatch.setattr(measure, "CONTESTANTS", few)
    sizes = dict(hidden=8, batch_size=3, duration=0.1, hidden_rate=20.0)
    record = COMMAND.run(Config(**sizes, processes=(), h100=False, out=tmp_path))
    assert records.read(tmp_path / "memory_scaling.jsonl") == [record]
    assert (tmp_path / "figures" / "memory_scaling.png").read_bytes().startswith(b"\x89PNG")
    assert len(record["samples"]["points"]) == 5 * 2 * len(few)
    assert record["metrics"]["slope_residual_batch_size_eventprop"] == pytest.approx(1, abs=0.01)
    printed = capsys.readouterr().out
    assert "slope of memory against" in printed and "synaptic delays: keeps" in printed


def test_a_slope_needs_two_points():
    with pytest.raises(ValueError, match="points is 1, expected a whole number >= 2"):
        Config(points=1)


def test_committed_records_are_still_drawn():
    record = records.read(Path(__file__).parents[2] / "results" / "memory_scaling.jsonl")[-1]
    (figure,) = figures(record).values()
    assert len(figure.axes) == 10 and "largest batch" in table(record)
