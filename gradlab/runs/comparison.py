"""Runs side by side: ``gradlab report RUN RUN``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from solvers.fields import check_fields

from ..command import RUNS, exit_with, parsed, with_clear_errors
from ..reporting import style
from ..reporting.learning_curves import learning_curves
from ..reporting.tables import training_table
from ..training.json_types import flattened
from .folder import RunFolder, is_run

_CURVES = "curves.png"


@dataclass(frozen=True)
class Config:
    """Show runs side by side: in what they differ, what they reached, and their learning curves in one figure.

    Attributes:
        runs: folders of runs.
        to: folder of the figure.
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    to: Path = RUNS / "report"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def record_in(run: Path) -> dict[str, Any]:
    """The record of a run.

    Raises:
        ValueError: if it is no folder of a run, or has no record.
    """
    record = RunFolder(run).record() if is_run(run) else None
    if record is None:
        raise ValueError(f"{run} is no folder of a run with a record: see gradlab list")
    return record


def differences(records: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Settings in which records differ: by dotted name the value of each, ``-`` where it has none."""
    settings = [flattened(record["config"]) for record in records]
    names = dict.fromkeys(name for each in settings for name in each)
    found = {name: [each.get(name, "-") for each in settings] for name in names}
    return {name: values for name, values in found.items() if any(value != values[0] for value in values)}


def report(records: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Runs as text: their names, in what they differ, and a column of figures for each."""
    labels = [label for label, _ in style.looks_of(records)]
    lines = [f"{label}: {name}" for label, name in zip(labels, names, strict=True)]
    for setting, values in differences(records).items():
        lines.append(f"{setting}: {', '.join(map(str, values))}")
    return "\n".join([*lines, "", training_table(dict(zip(labels, (r["metrics"] for r in records), strict=True)))])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        config = parsed("gradlab report", Config, arguments)
        if not config.runs:
            raise ValueError("no run is named, expected one or several folders of runs, see gradlab list")
        records = [record_in(run) for run in config.runs]
        print(report(records, [str(run) for run in config.runs]))
        style.save(learning_curves(records), config.to / _CURVES)
        print(f"learning curves: {config.to / _CURVES}")
        return 0

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
