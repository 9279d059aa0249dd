"""The records of many folders, from many machines, in one table: ``gradlab collect``."""

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from solvers.fields import check_fields

from ..command import RUNS, exit_with, parsed, with_clear_errors
from ..reporting import records
from ..reporting.frame import rows_of
from .stores import store_of

_UNFINISHED = "interrupted"  # such a record is replaced when its run goes on
Row = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """Add the records of trainings to a table, in which each has one line however often it is collected.

    The exit status is 1 if a record is damaged; the others are collected all the same.

    Attributes:
        folders: folders of runs, or files of records, from any number of machines.
        to: a file NAME.parquet, or the URL of a database as SQLAlchemy has it, such as sqlite:///NAME.db or
            postgresql+psycopg://USER@HOST/NAME, where the table is called trainings.
    """

    folders: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    to: str = str(RUNS / "trainings.parquet")

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def gathered(places: Iterable[Path]) -> tuple[list[Row], list[str]]:
    """What there is to collect.

    Args:
        places: folders of runs, or files of records.

    Returns:
        A row for each training, however many copies of its record there are; and what is wrong with damaged records,
        which names them.

    Raises:
        FileNotFoundError: if a place is not there.
    """
    rows: dict[str, Row] = {}
    damaged: list[str] = []
    for file in (file for place in places for file in records.files_in(place)):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                found = list(rows_of(file))
            except (ValueError, OSError) as error:
                damaged.append(str(error))
                continue
            damaged += [str(each.message) for each in said]
        if not file.stat().st_size:
            damaged.append(f"{file} is empty")
        for row in found:
            rows.setdefault(row["record"], {name: _plain(value) for name, value in row.items()})
    return list(rows.values()), list(dict.fromkeys(damaged))


def _plain(value: Any) -> Any:
    """Lists as JSON: no column of a table holds both numbers and lists of them."""
    return json.dumps(value) if isinstance(value, tuple | dict) else value


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        config = parsed("gradlab collect", Config, arguments)
        if not config.folders:
            raise ValueError("no folder is named, expected one or several folders of runs, such as runs")
        store = store_of(config.to)
        rows, damaged = gathered(config.folders)
        kept = [row for row in rows if row["status"] != _UNFINISHED]
        new = store.add(kept)
        print(f"{store.name}: {new} new of {len(kept)} records")
        if len(kept) < len(rows):
            print(f"{len(rows) - len(kept)} runs were interrupted, and are left out until they are finished")
        for each in damaged:
            print(f"damaged: {each}")
        return 1 if damaged else 0

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
