import dataclasses
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradlab.command import prepare
from gradlab.reporting import environment as module
from gradlab.reporting import records
from gradlab.reporting.environment import code_state, environment
from gradlab.training.json_types import to_json

KEYS = {
    "schema_version", "time", "benchmark", "preset", "method", "dataset", "hidden", "seed",
    "status", "reason", "config", "config_hash", "metrics", "samples", "env",
}  # fmt: skip


def a_record(**changes):
    arguments = {
        "benchmark": "train", "preset": "tiny", "method": "eventprop", "dataset": "synthetic", "hidden": 8, "seed": 0,
        "status": "ok", "config": {"lr": 1e-3}, "metrics": {"step_s": 0.1}, "samples": {"train_loss": [1.0, 0.5]},
    }  # fmt: skip
    return records.make_record(**(arguments | changes))


def test_a_record_has_exactly_the_agreed_keys():
    record = a_record()
    assert set(record) == KEYS
    assert datetime.fromisoformat(record["time"]).utcoffset().total_seconds() == 0


def test_unknown_status_lists_the_known_ones():
    with pytest.raises(ValueError, match="overflow.*diverged"):
        a_record(status="fine")


def test_hash_depends_on_the_configuration_and_on_nothing_else():
    first = a_record(config={"a": 1, "b": (2.0, np.float32(3))}, seed=0)
    reordered = a_record(config={"b": [2.0, 3.0], "a": 1}, seed=1, metrics={})
    other = a_record(config={"a": 1, "b": (2.0, 4.0)})
    assert first["config_hash"] == reordered["config_hash"] != other["config_hash"]


def test_what_is_appended_is_read_back(tmp_path):
    path = tmp_path / "new" / "folder" / "runs.jsonl"
    written = [a_record(seed=seed) for seed in range(3)]
    for record in written:
        records.append(record, path)
    assert records.read(path) == written


def test_a_line_is_strict_json(tmp_path):
    path = tmp_path / "runs.jsonl"
    records.append(a_record(metrics={"loss": float("nan"), "cosines": np.array([1.0, np.inf])}), path)

    def refuse(constant):
        raise AssertionError(constant)

    line = json.loads(path.read_text(), parse_constant=refuse)
    assert line["metrics"] == {"loss": None, "cosines": [1.0, None]}


def test_one_write_for_a_line(tmp_path, monkeypatch):
    writes = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: writes.append(data) or write(file, data))
    records.append(a_record(), tmp_path / "runs.jsonl")
    assert len(writes) == 1 and writes[0].endswith(b"\n") and writes[0].count(b"\n") == 1


def test_a_line_that_does_not_fit_on_the_disk_leaves_no_trace(tmp_path, monkeypatch):
    path = tmp_path / "runs.jsonl"
    records.append(a_record(), path)
    before = path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(OSError, match="only 10 of"):
        records.append(a_record(), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("foreign", ["[1]", '{"schema_version": 99}'])
def test_a_line_of_another_schema_is_refused(tmp_path, foreign):
    path = tmp_path / "runs.jsonl"
    records.append(a_record(), path)
    with path.open("a") as file:
        file.write(foreign + "\n")
    with pytest.raises(ValueError, match=r"runs\.jsonl, line 2"):
        records.read(path)


@settings(deadline=None, max_examples=25)
@given(cut=st.integers(1, 200), number=st.integers(0, 2))
def test_only_a_cut_line_is_lost(cut, number, tmp_path_factory):
    """Cut by a kill or a full disk, at any byte, at the end; later records are on lines of their own."""
    path = tmp_path_factory.mktemp("cut") / "runs.jsonl"
    for seed in range(number):
        records.append(a_record(seed=seed), path)
    with path.open("ab") as file:
        file.write(json.dumps(a_record()).encode()[:cut])
    records.append(a_record(seed=7), path)
    with pytest.warns(UserWarning, match=rf"runs\.jsonl, line {number + 1}: cut or damaged"):
        found = records.read(path)
    assert [record["seed"] for record in found] == [*range(number), 7]


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe", b"[" * 10000, b'{"schema_version": 2}}'])
def test_a_damaged_line_is_skipped(tmp_path, damaged):
    path = tmp_path / "runs.jsonl"
    records.append(a_record(), path)
    with path.open("ab") as file:
        file.write(damaged + b"\n")
    records.append(a_record(seed=1), path)
    with pytest.warns(UserWarning, match=r"runs\.jsonl, line 2: cut or damaged, no valid JSON; it is skipped"):
        assert [record["seed"] for record in records.read(path)] == [0, 1]


def test_processes_append_at_the_same_time(tmp_path):
    """Also while the file ends in a cut line."""
    path = tmp_path / "runs.jsonl"
    path.write_bytes(b'{"cut')
    lines = [{"schema_version": 2, "seed": seed, "long": "x" * 50_000} for seed in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda line: records.append(line, path), lines))
    with pytest.warns(UserWarning, match="line 1: cut"):
        assert sorted(records.read(path), key=lambda line: line["seed"]) == lines


def test_values_become_json_types():
    @dataclasses.dataclass
    class Config:
        rates: tuple
        folder: Path

    value = {1: np.int32(2), "x": jnp.ones(2, jnp.bfloat16), "y": jnp.float32(0.5), "b": np.bool_(True), "n": None}
    assert to_json(value) == {"1": 2, "x": [1.0, 1.0], "y": 0.5, "b": True, "n": None}
    assert to_json(Config((np.float64("nan"), 2), Path("runs/a"))) == {"rates": [None, 2], "folder": "runs/a"}
    assert type(to_json(np.float64(1.5))) is float


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1j, "no JSON form"), (np.array([1j]), "no JSON form"), ({1, 2}, "no JSON form"),
        ({"f": len}, "a function is among the settings, which no file can hold"),
    ],
)  # fmt: skip
def test_value_without_json_form_is_refused(value, message):
    with pytest.raises(TypeError, match=message):
        to_json(value)


def test_environment_hides_paths(monkeypatch):
    # Only the text matters here: JAX read its flags when it started.
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/private/place --xla_cpu_enable_fast_math=false")
    found = environment()
    assert found["XLA_FLAGS"] == "--xla_dump_to=<path> --xla_cpu_enable_fast_math=false"
    assert found["cores"] >= found["threads"] >= 1
    assert all(found[name] for name in ("python", "jax", "jaxlib", "numba", "numpy", "device_kind"))
    json.dumps(found, allow_nan=False)


def test_git_state(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    code, result, installed = (tmp_path / name for name in ("gradlab/x.py", "results/r.jsonl", "site/x.py"))
    for file in (code, result, installed):
        file.parent.mkdir()
        file.write_text("1\n")
    assert module._git_state(code) == (None, None)
    git("init")
    git("add", "gradlab", "results")
    git("commit", "-m", "first")
    sha, dirty = module._git_state(code)
    assert len(sha) == 40 and dirty is False
    assert module._git_state(installed) == (None, None)
    result.write_text("2\n")
    assert module._git_state(code) == (sha, False)
    code.write_text("2\n")
    assert module._git_state(code) == (sha, True)


def test_a_record_names_the_code_that_the_run_started_with(tmp_path, monkeypatch):
    states = iter([("a" * 40, False), ("b" * 40, True)])  # the code is changed while it runs
    monkeypatch.setattr(module, "_git_state", lambda file: next(states))
    code_state.cache_clear()
    try:
        prepare(tmp_path, "x.jsonl")
        found = environment()
        assert (found["git_sha"], found["git_dirty"]) == ("a" * 40, False)
    finally:
        code_state.cache_clear()


def test_old_records_are_read_in_todays_names(tmp_path):
    """A record of schema version 1 as it was written then."""
    old = a_record(
        config={"validation_speakers": [8], "loops": 3},
        metrics={
            "test_accuracy_other_world": 0.5, "runs_away_in_other_world": False, "test_accuracy_unseen_speakers": 0.9,
            "agreement": {"before": {"layers[0].w_in": {"cosine": 0.9}}},
        },
    ) | {"schema_version": 1}  # fmt: skip
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(old) + "\n")
    records.append(a_record(), path)
    found, new = records.read(path)
    assert (found["schema_version"], new["schema_version"]) == (1, 2)
    assert found["config"] == {"validation_groups": [8], "loops": 3}
    assert found["metrics"] == {
        "transfer_accuracy": 0.5, "transfer_runs_away": False, "test_accuracy_unseen_groups": 0.9,
        "agreement": {"before": {"bptt": {"layers.0.w_in": {"cosine": 0.9}}}},
    }  # fmt: skip


def test_every_committed_record_is_read():
    files = sorted((Path(__file__).parents[3] / "results").rglob("*.jsonl"))
    assert len(files) >= 10 and all(records.read(file) for file in files)
