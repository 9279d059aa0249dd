"""Records of runs: one line of strict JSON a run, appended to a file and never changed.

Everything that a figure or a table shows is read from these lines. They hold what is needed to judge and to repeat a
run, and nothing about whose machine it was: no user, no host name, no absolute path.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SCHEMA_VERSION = 1
STATUSES = ("ok", "oom", "overflow", "diverged", "interrupted", "skipped")
_PACKAGES = ("gradlab", "jax", "jaxlib", "numba", "numpy")
_UNRECORDED = ("out", "json", "data_dir", "resume")  # no figure depends on them, or they tell of a machine
_CODE = ("gradlab", "solvers", "benchmarks")  # results are left out: appending a record must not make a commit dirty


def make_record(
    benchmark: str,
    preset: str | None,
    method: str,
    dataset: str | None,
    hidden: int | None,
    seed: int | None,
    status: str,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    samples: Mapping[str, Any],
    *,
    reason: str | None = None,
) -> dict[str, Any]:
    """The record of one run, made of JSON types only.

    Args:
        benchmark: what was measured, such as ``"train"``.
        preset: name of the preset, or None.
        method: ``"eventprop"``, ``"bptt"``, ...
        dataset: name of the data set, or None.
        hidden: number of hidden neurons, or None.
        seed: seed of the run, or None.
        status: one of ``STATUSES``.
        config: the whole configuration as the user gave it; the caller keeps absolute paths out of it.
        metrics: single figures, with the unit in the name (``*_s``, ``*_bytes``); unknown is None.
        samples: lists of figures: one entry an epoch or a repetition.
        reason: why the status is not ``"ok"``.

    Raises:
        ValueError: for an unknown status.
        TypeError: if a value has no JSON form.
    """
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}, expected one of {', '.join(STATUSES)}")
    config = to_json(config)
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return {
        "schema_version": SCHEMA_VERSION,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "benchmark": benchmark,
        "preset": preset,
        "method": method,
        "dataset": dataset,
        "hidden": to_json(hidden),
        "seed": to_json(seed),
        "status": status,
        "reason": reason,
        "config": config,
        "config_hash": hashlib.sha256(canonical.encode()).hexdigest()[:16],
        "metrics": to_json(metrics),
        "samples": to_json(samples),
        "env": environment(),
    }


def recorded(settings: Any) -> dict[str, Any]:
    """The settings of a command that belong into a record: without folders, and without what changes no figure.

    Args:
        settings: dataclass of its options.
    """
    return {name: value for name, value in dataclasses.asdict(settings).items() if name not in _UNRECORDED}


def append(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Add one record to the end of a file, entirely or not at all; folders are created.

    The line goes out in a single write to a file opened for appending, so that neither an interruption nor another
    process that appends to the same file can cut it, and it is on the disk when this returns.

    Args:
        record: as from ``make_record``.
        path: of the JSON lines file.

    Raises:
        TypeError: if a value has no JSON form.
        OSError: if the file cannot be written, or not to the end (then it is left as it was).
    """
    line = (json.dumps(to_json(record), allow_nan=False) + "\n").encode()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        before = os.fstat(file).st_size
        written = os.write(file, line)
        if written < len(line):
            os.ftruncate(file, before)
            raise OSError(f"only {written} of {len(line)} bytes fit into {path}: free some disk space")
        os.fsync(file)
    finally:
        os.close(file)


def read(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """All records of a file, in the order in which they were appended.

    Args:
        path: of the JSON lines file.

    Raises:
        ValueError: if a line is no record of this schema; says which.
        OSError: if the file cannot be read.
    """
    records = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: no valid JSON ({error.msg}): repair the line") from error
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version != SCHEMA_VERSION:
            raise ValueError(f"{path}, line {number}: schema_version is {version}, expected {SCHEMA_VERSION}")
        records.append(record)
    return records


def to_json(value: Any) -> Any:
    """The same value in JSON types: arrays become lists, NaN and infinity None, dataclasses and mappings dicts.

    Args:
        value: nested dataclasses, mappings, sequences, NumPy and JAX arrays, paths and plain values.

    Raises:
        TypeError: if a value has no JSON form.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(entry) for entry in value]
    if hasattr(value, "__array__"):  # also JAX's arrays, without importing JAX only to read records
        array = np.asarray(value)
        if array.dtype.kind == "V":
            array = array.astype(np.float64)  # bfloat16 and its like, which NumPy knows only as raw bytes
        if array.dtype.kind in "biufU":
            return to_json(array.tolist())
    raise TypeError(f"{type(value).__name__} has no JSON form: convert it to numbers, text, lists or dicts first")


def environment() -> dict[str, Any]:
    """What a run depends on besides its configuration; unknown is None.

    Returns:
        ``git_sha`` and ``git_dirty`` (see ``code_state``), the versions of Python and of the main packages, ``cpu``
        (model), ``cores`` of the machine, ``threads`` (cores that this process may use), ``device_kind``, ``x64`` and
        ``XLA_FLAGS`` (with absolute paths hidden).
    """
    import jax

    sha, dirty = code_state()
    return {
        "git_sha": sha,
        "git_dirty": dirty,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "device_kind": jax.devices()[0].device_kind,
        "x64": bool(jax.config.read("jax_enable_x64")),
        "XLA_FLAGS": _without_paths(os.environ.get("XLA_FLAGS")),
    }


@cache
def code_state() -> tuple[str | None, bool | None]:
    """Commit of this code, and whether it differs from that commit; ``(None, None)`` outside a git checkout.

    As of the first call: a run of hours belongs to the code that it started with, so ask before the work begins.
    """
    return _git_state(Path(__file__).resolve())


def _git_state(file: Path) -> tuple[str | None, bool | None]:
    """Commit of the checkout that tracks ``file``, and whether its code differs from it; ``(None, None)`` if none."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=file.parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        # An installed package may lie inside somebody else's checkout, whose commit would say nothing about it.
        git("ls-files", "--error-unmatch", file.name)
        root = git("rev-parse", "--show-toplevel")
        sha = git("rev-parse", "HEAD")
        return sha, bool(git("status", "--porcelain", "--", *(f"{root}/{folder}" for folder in _CODE)))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _version(package: str) -> str | None:
    """Installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str | None:
    """Name of the processor, or None."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:  # no Linux
        found = None
    return found[1].strip() if found else platform.processor() or None


def _without_paths(flags: str | None) -> str | None:
    """Command-line flags with absolute paths replaced by a mark."""
    return None if flags is None else re.sub(r"(?<![^\s=,:'\"])/\S*", "<path>", flags)
