"""Records of runs: one line of strict JSON a run, appended to a file and never changed.

Everything that a figure or a table shows is read from these lines. They hold what is needed to judge and to repeat a
run, and nothing about whose machine it was: no user, no host name, no absolute path.
"""

import dataclasses
import json
import os
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ..training import files
from ..training.json_types import digest, to_json
from .environment import environment
from .old_records import upgraded

SCHEMA_VERSION = 2
OF_RUN = "record.json"  # in the folder of a run
STATUSES = ("ok", "oom", "overflow", "diverged", "interrupted", "skipped", "failed")
_UNRECORDED = (
    "out",
    "json",
    "data",
    "test_data",
    "data_dir",
    "resume",
    "placement",
    "log",
    "storage",
    "records",
    "linear",
    "environments",
    "install",
)  # no figure depends on them, or they tell of a machine


def make_record(
    benchmark: str,
    preset: str | None,
    method: str | None,
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
        method: name of a method, or what stands for several; None for none.
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
        "config_hash": digest(config),
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


def identity(record: Mapping[str, Any]) -> str:
    """A digest of a record without its samples, which may be published in another form: the same of all its copies.

    Raises:
        TypeError: if a value has no JSON form.
    """
    return digest({name: value for name, value in record.items() if name != "samples"})


def line(record: Mapping[str, Any]) -> bytes:
    """A record as a line of a file.

    Raises:
        TypeError: if a value has no JSON form.
    """
    return (json.dumps(to_json(record), allow_nan=False) + "\n").encode()


def append(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Add one record to the end of a file, entirely or not at all; folders are created.

    The line goes out in a single write to a file opened for appending and locked, and is on the disk when this returns.
    What the end of a process or of the disk has cut before stays a line of its own, which ``read`` skips.

    Args:
        record: as from ``make_record``.
        path: of the JSON lines file.

    Raises:
        TypeError: if a value has no JSON form.
        OSError: if the file cannot be written, or not to the end (then it is left as it was).
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            files.lock(file.fileno(), wait=True)
            _append(file, line(record))
    except OSError as error:
        raise files.unwritable(path, error) from error


def _append(file: BinaryIO, content: bytes) -> None:
    before = file.seek(0, os.SEEK_END)
    if before:
        file.seek(before - 1)
        content = content if file.read(1) == b"\n" else b"\n" + content
    written = os.write(file.fileno(), content)
    if written < len(content):
        file.truncate(before)
        raise OSError(f"only {written} of {len(content)} bytes fit")
    os.fsync(file.fileno())


def read(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """All records of a file, in the order in which they were appended; old ones in today's layout.

    A line that is no JSON, such as one that was cut when a disk was full, is skipped with a warning that names it.

    Args:
        path: of the JSON lines file.

    Raises:
        ValueError: if a line is no record of this schema; says which.
        OSError: if the file cannot be read.
    """
    records = []
    for number, text in enumerate(Path(path).read_bytes().splitlines(), start=1):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            warnings.warn(f"{path}, line {number}: cut or damaged, no valid JSON; it is skipped", stacklevel=2)
            continue
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version not in (1, SCHEMA_VERSION):
            raise ValueError(f"{path}, line {number}: schema_version is {version}, expected {SCHEMA_VERSION} or 1")
        records.append(upgraded(record) if version == 1 else record)
    return records


def read_all(path: Path) -> list[dict[str, Any]]:
    """``read`` a file; or, of a folder, ``record.json`` of each run and every ``*.jsonl`` in it, the oldest first.

    Raises:
        ValueError: as ``read``.
        OSError: if a file cannot be read.
    """
    found = (record for file in files_in(path) for record in read(file))
    return sorted(found, key=lambda record: str(record["time"])) if path.is_dir() else list(found)


def files_in(place: Path) -> list[Path]:
    """The files with records: of a run, of a folder of runs or of files, or the file itself.

    Raises:
        FileNotFoundError: if the place is not there.
    """
    if not place.exists():
        raise FileNotFoundError(f"{place} does not exist, expected a folder of runs or a file of records")
    if not place.is_dir():
        return [place]
    return [*place.glob(OF_RUN), *sorted(place.glob(f"*/{OF_RUN}")), *sorted(place.glob("*.jsonl"))]
