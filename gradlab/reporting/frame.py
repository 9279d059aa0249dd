"""All trainings as one table: ``gradlab.frame()``."""

import dataclasses
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..methods.options import MethodOptions
from ..networks.settings import NetworkSettings
from ..training.config import TrainConfig
from . import records

if TYPE_CHECKING:
    import pandas

#: Of a record, those that are columns under their own names.
ENTRIES = (
    "time", "preset", "method", "dataset", "hidden", "seed", "status", "reason", "config_hash",
)  # fmt: skip
#: Columns beside those, the metrics, the settings and the environment.
OTHERS = {
    "run": "folder of the training, for gradlab.load; missing of one that is read from a file of many records",
    "record": "digest of the record without its samples, the same of all copies of it",
    "training_samples": "number of them",
    "validation_samples": "likewise",
    "test_samples": "likewise",
    "validation_groups": "groups that were held out, as given",
}
_DEFAULT = "runs", "results/trainings"
_PARTS = {"network": NetworkSettings, "training": TrainConfig, "options": MethodOptions}


def frame(*places: str | os.PathLike[str]) -> "pandas.DataFrame":
    """All trainings as a pandas DataFrame, one row a training, the oldest first.

    Columns are the entries of a record (``time``, ``method``, ...) and its metrics under their own names, the settings
    as ``network.NAME``, ``training.NAME`` and ``options.NAME``, code and machine as ``env.NAME``, and ``OTHERS``; what
    each is stands on the page about records. Lists are tuples, so that rows can be grouped by them. Curves and other
    samples are left out, and so are comparisons of methods, whose trainings have rows of their own; a training that was
    published from a folder that is read, too, has one row.

    Args:
        *places: folders of runs, files of records (``*.jsonl``), or folders of those; by default ``runs`` and
            ``results/trainings`` in the working directory, those that are there.

    Raises:
        ImportError: if pandas is not installed.
        FileNotFoundError: if a place is not there.
        ValueError: if a file holds no records, or one that is damaged.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("gradlab.frame needs pandas, which is not there: pip install 'gradlab[pandas]'") from error
    chosen = [Path(place) for place in places] or [Path(name) for name in _DEFAULT if Path(name).is_dir()]
    rows: dict[str, dict[str, Any]] = {}
    for place in chosen:
        for file in records.files_in(place):
            for row in rows_of(file):
                rows.setdefault(row["record"], row)
    columns = ("run", *ENTRIES, *(name for row in rows.values() for name in row))
    table = pandas.DataFrame(list(rows.values()), columns=list(dict.fromkeys(columns)))
    table["time"] = pandas.to_datetime(table["time"])
    return table.sort_values("time", kind="stable", ignore_index=True)


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """A row of ``frame`` for each training in a file of records; lines that were cut are skipped with a warning.

    Raises:
        ValueError: if there is something else in it; names the file.
        OSError: if it cannot be read.
    """
    run = str(file.parent) if file.name == records.OF_RUN else None
    for record in records.read(file):
        try:
            if record["benchmark"] == "train" and "agreement" not in record["metrics"]:
                yield _row(run, record)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{file} holds a damaged record ({type(error).__name__}: {error}): remove it") from error


def _row(run: str | None, record: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run} | {name: record[name] for name in ENTRIES} | record["metrics"]
    row["time"] = datetime.fromisoformat(record["time"])
    row["record"] = records.identity(record)
    config = dict(record["config"])
    sizes = zip(("training", "validation", "test"), config.get("samples", ()), strict=False)
    row |= {f"{part}_samples": size for part, size in sizes}
    row["validation_groups"] = config.get("validation_groups")
    for part, settings in _PARTS.items():
        names = [each.name for each in dataclasses.fields(settings)]
        # Records of the first layout hold them side by side.
        found = {name: config[name] for name in names if name in config} | config.get(part, {})
        row |= {f"{part}.{name}": value for name, value in found.items()}
    row |= {f"env.{name}": value for name, value in record["env"].items()}
    return {name: _hashable(value) for name, value in row.items()}


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
