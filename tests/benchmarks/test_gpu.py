"""The benchmark of a GPU, tried on this machine's CPU at a small size; what it says of a GPU needs one."""

import importlib
import math

import jax
import numpy as np
import pytest

from benchmarks.gpu import gradients, measure, peaks, times
from benchmarks.gpu.__main__ import COMMAND
from benchmarks.gpu.config import PARTS, Config
from benchmarks.gpu.correctness import differences, looked_at
from gradlab.measuring.memory import ProcessPeak
from gradlab.reporting import records
from solvers.events import pad_events
from solvers.neurons.lif import lif_params


def peak(target, settings):
    """In place of one of a device, which no CPU has."""
    module, name = target.split(":")
    assert getattr(importlib.import_module(module), name)(**settings)
    return ProcessPeak(None, None, 1000)


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Everything small, on the device that there is; BPTT-SG in one of its forms."""
    monkeypatch.setattr(measure, "require_gpu", lambda: None)
    monkeypatch.setattr(gradients, "FORMS", ("bptt_packed",))
    monkeypatch.setattr(gradients, "DURATION", 0.05)
    monkeypatch.setattr(peaks.memory, "peak_in_fresh_process", peak)
    tiny = {"inputs": 20, "neurons": 8, "batch": 2, "rate": 60.0}
    monkeypatch.setattr("benchmarks.gpu.correctness._SHD", tiny)
    return Config(
        networks=1, hidden=4, batch_size=2, batches=(2,), neurons=(4,), repeats=2, epoch_samples=32, out=tmp_path,
        dataset="synthetic",
    )  # fmt: skip


def test_without_a_gpu_it_says_so(tmp_path, capsys):
    assert COMMAND.main(["--out", str(tmp_path)]) == 2
    assert "JAX computes on cpu here, expected a GPU: on a machine with one from NVIDIA" in capsys.readouterr().err


@pytest.mark.slow
def test_each_part_has_a_record(config):
    COMMAND.run(config)
    written = records.read(config.out / "gpu.jsonl")
    assert [record["metrics"]["part"] for record in written] == list(PARTS)
    rows = {record["metrics"]["part"]: record["samples"][record["metrics"]["part"]] for record in written}
    assert (config.out / "figures/gpu-times.png").stat().st_size > 5000
    assert {row["engine"] for row in rows["correctness"]} == {"numba", "xla"}
    for row in rows["correctness"]:
        assert row["spikes"] > 10 and row["comparable"] and set(row["gradient_errors"]) >= {"w_in", "tau_mem"}
        worst = max(row["gradient_errors"].values())  # where voltages cross slowly, rounding is amplified
        assert worst == 0 if row["engine"] == "numba" else worst < 1e-2
    assert [row["line"] for row in rows["times"]] == ["eventprop_numba", "eventprop_xla", "bptt_packed"]
    assert all(0 < row["minimum_s"] <= row["median_s"] and 1 <= row["calls"] <= 2 for row in rows["times"])
    for row in rows["memory"]:
        assert row["peak_bytes"] == 1000 == pytest.approx(row["forecast_bytes"] * row["peak_over_forecast"])
    assert all(row["same"] and row["apart"] == 0 for row in rows["repeats"])
    assert [row["dtype"] for row in rows["atomics"]] == ["float32", "int32"]
    assert [(row["method"], row["status"], row["samples"]) for row in rows["epoch"]] == [
        ("eventprop", "ok", 32), ("bptt", "ok", 32),
    ]  # fmt: skip


def test_what_does_not_fit_is_told(config, monkeypatch):
    def fails(*_):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory\nand more")

    monkeypatch.setattr(times, "timed", fails)
    rows = times.times(config)
    assert {row["error"] for row in rows} == {"RESOURCE_EXHAUSTED: Out of memory"}


def test_differences_are_seen():
    """Another order of two spikes is no other spikes; a missing one is."""
    params = lif_params(np.full((1, 2), 40.0, np.float32), tau_mem=20e-3, tau_syn=10e-3)
    events = pad_events([(np.float32([1e-3]), [0])])
    cotangents = np.ones((1, 64), np.float32), np.ones((1, 2), np.float32)
    settings = dict(duration=20e-3, delay=1e-3, capacity=64)
    spikes, gradient = looked_at((params, events, *cotangents), "numba", settings)
    count = int(spikes.count[0])
    assert count >= 4
    swapped = spikes._replace(units=np.where(spikes.units == -1, -1, 1 - spikes.units))
    found = differences((swapped, gradient), (spikes, gradient))
    assert found["comparable"] and found["spikes_in_other_order"] == count
    fewer = differences((spikes._replace(count=spikes.count - 1), gradient), (spikes, gradient))
    assert fewer["samples_with_other_spikes"] == 1 and not fewer["comparable"]
    twice = gradient._replace(w_in=2 * gradient.w_in)
    assert math.isclose(differences((spikes, twice), (spikes, gradient))["gradient_errors"]["w_in"], 1)
