"""Publish finished runs: ``gradlab publish RUN``, the one command that changes ``results/``.

The record of each becomes a line of ``trainings/METHOD.jsonl`` there, with fewer samples (see ``shortened``), and its
figures are copied as ``figures/KIND-RUN.png``. Nothing that is there already is changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from solvers.fields import check_fields

from ..command import exit_with, parsed, with_clear_errors
from ..reporting import records
from ..training import files
from .folder import FIGURES, RASTER, RunFolder, is_run

TRAININGS = "trainings"  # the folder, with a file for each method
_LONG, _EPOCHS = 100, 20  # a training of more epochs than the first is published with so many, beside its first one
_DIGITS = 6  # of a figure


@dataclass(frozen=True)
class Config:
    """Publish finished runs: append their records to those of a project, and copy their figures there.

    Attributes:
        runs: folders of runs.
        to: folder of what is published.
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    to: Path = Path("results")

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def published(run: Path) -> dict[str, Any]:
    """What is published of a run.

    Args:
        run: its folder.

    Returns:
        Its record, with its samples ``shortened``.

    Raises:
        ValueError: if it is no finished run.
    """
    if not is_run(run):
        raise ValueError(f"{run} is no folder of a run: see gradlab list")
    record = RunFolder(run).record()
    if record is None or record["status"] != "ok":
        state = "has no record yet" if record is None else f"ended as {record['status']}"
        raise ValueError(f"{run} {state}, expected a finished run: go on with it by --resume")
    return record | {"samples": shortened(record["samples"])}


def shortened(samples: Mapping[str, Any]) -> dict[str, Any]:
    """Samples of a training, or by method of a comparison, as they are published.

    Without the spikes of the raster, and with six digits. Of a long training with some epochs, evenly spread, the first
    and the last among them; ``epoch`` tells which.

    Args:
        samples: of a record.
    """
    epochs = len(samples.get("train_loss", ()))
    apart = -(-epochs // _EPOCHS)
    kept = sorted({1, *range(epochs, 0, -apart)}) if epochs > _LONG else []
    found: dict[str, Any] = {"epoch": kept} if kept else {}
    for name, each in samples.items():
        if isinstance(each, Mapping) and "train_loss" in each:
            found[name] = shortened(each)
        elif name != RASTER:
            thinned = [each[k - 1] for k in kept] if kept and len(each) == epochs else each
            found[name] = _rounded(thinned)
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def publish(run: Path, to: Path) -> bool:
    """Publish a run, at once or not at all but for figures without a record.

    Args:
        run: its folder.
        to: folder of what is published.

    Returns:
        Whether it was new there.

    Raises:
        ValueError: if it is no finished run.
        OSError: if something cannot be read or written.
    """
    record = published(run)
    lines = to / TRAININGS / f"{record['method']}.jsonl"
    if lines.exists() and records.identity(record) in map(records.identity, records.read(lines)):
        return False
    for figure in sorted((run / FIGURES).iterdir()):
        files.replace(to / FIGURES / f"{figure.stem}-{run.resolve().name}{figure.suffix}", figure.read_bytes())
    records.append(record, lines)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        config = parsed("gradlab publish", Config, arguments)
        if not config.runs:
            raise ValueError("no run is named, expected one or several folders of runs, see gradlab list")
        for run in config.runs:
            published(run)  # all or none
        for run in config.runs:
            new = publish(run, config.to)
            print(f"{run}: {'record and figures are now in' if new else 'was already published in'} {config.to}")
        return 0

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
