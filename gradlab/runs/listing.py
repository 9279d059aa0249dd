"""Which runs there are, with their main figures: ``gradlab list``."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solvers.fields import check_fields

from ..command import RUNS, exit_with, parsed, with_clear_errors
from ..training import files
from .folder import RunFolder, is_run

NEW, UNDER_WAY, STOPPED = "not started", "under way", "stopped"
#: What is shown of a run beside its name, state and age, with its form; ``-`` where its record has none.
_FIGURES = {
    "epochs": ("epochs", "{:d}"),
    "test": ("test_accuracy", "{:.1%}"),
    "validation": ("validation_accuracy", "{:.1%}"),
    "transfer": ("transfer_accuracy", "{:.1%}"),
    "spikes": ("spikes_per_sample", "{:,.0f}"),
    "seconds": ("training_s", "{:,.0f}"),
}


@dataclass(frozen=True)
class Config:
    """List the runs in a folder with their main figures, the oldest first.

    Attributes:
        out: folder of the runs.
        json: print a JSON object for each instead of a table.
    """

    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def runs_in(out: Path) -> list[dict[str, Any]]:
    """The runs in a folder, the oldest first.

    Args:
        out: folder of the runs.

    Returns:
        Of each what ``described`` says.

    Raises:
        ValueError: if a record is of another version.
        OSError: if the folder cannot be read.
    """
    found = [described(RunFolder(path)) for path in out.iterdir() if is_run(path)]
    return sorted(found, key=lambda each: (each["time"] is None, each["time"] or "", each["run"]))


def described(folder: RunFolder) -> dict[str, Any]:
    """A run, or one that is not there yet.

    Args:
        folder: of the run.

    Returns:
        ``run`` (its path), ``state`` (that of its record; under way; stopped, without a record; or not started),
        ``time`` of its record, and the figures of the table by their names in records, None where there is none.

    Raises:
        ValueError: if the record is of another version.
    """
    record = folder.record()
    metrics = {} if record is None else record["metrics"]
    without = STOPPED if is_run(folder.path) else NEW
    state = without if record is None else record["status"]
    if files.is_in_charge_of_folder(folder.path):
        state = UNDER_WAY
    figures = {name: metrics.get(name) for name, _ in _FIGURES.values()}
    if record is None or state == UNDER_WAY:
        figures["epochs"] = folder.epochs()
    time = None if record is None else record["time"]
    return {"run": str(folder.path), "state": state, "time": time, **figures}


def table(runs: Sequence[dict[str, Any]]) -> str:
    """The runs as text."""
    rows = [("run", "state", *_FIGURES, "recorded")]
    for run in runs:
        shown = ["-" if run[name] is None else form.format(run[name]) for name, form in _FIGURES.values()]
        rows.append((Path(run["run"]).name, run["state"], *shown, (run["time"] or "-")[:16].replace("T", " ")))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = (0, 1, len(widths) - 1)
    aligned = (
        [
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    )
    return "\n".join("  ".join(cells).rstrip() for cells in aligned)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        config = parsed("gradlab list", Config, arguments)
        if not config.out.is_dir():
            raise FileNotFoundError(f"{config.out} is no folder: give the one with your runs as --out")
        runs = runs_in(config.out)
        if config.json:
            print("".join(json.dumps(run) + "\n" for run in runs), end="")
        elif runs:
            print(table(runs))
        else:
            print(f"{config.out} has no runs yet: gradlab train makes one")
        return 0

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
