"""The fuzzers, each in a process of its own, and a record for each."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from gradlab.command import RUNS, Command, Outcome, Record
from solvers.fields import check_fields

from .figure import FAILURES, table

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Config:
    """Run the fuzzers: hostile tries, and how many of them failed, and in which way.

    Attributes:
        kinds: of abuse, each a fuzzer in tests/fuzz; all of them with no name.
        out: folder for the records, one for each kind.
        json: print the last record as one JSON object in the last line.
    """

    kinds: tuple[str, ...] = ()
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no setting."""
        check_fields(self)


class RobustnessCommand(Command[Config]):
    """A command that writes a record for each kind."""

    def run(self, config: Config) -> Record:
        """Run the fuzzers one after the other, and print the table.

        Returns:
            The first record of a fuzzer that found something, or else the last one.

        Raises:
            ValueError: for an unknown kind, or if there are no fuzzers here.
            OSError: for a folder that cannot be written to.
        """
        kinds = dict.fromkeys(config.kinds or fuzzers())
        for kind in kinds:
            fuzzer_of(kind)
        records = [super(RobustnessCommand, self).run(replace(config, kinds=(kind,))) for kind in kinds]
        print(table(records))
        return next((record for record in records if record["status"] != "ok"), records[-1])


def fuzzers() -> dict[str, Path]:
    """The fuzzers by kind.

    Raises:
        ValueError: if there are none.
    """
    found = {path.stem.removeprefix("test_"): path for path in sorted((ROOT / "tests" / "fuzz").glob("test_*.py"))}
    if not found:
        raise ValueError("the fuzzers are not installed with gradlab: run this in a checkout of its repository")
    return found


def fuzzer_of(kind: str) -> Path:
    """The test module of a kind; ValueError for an unknown one."""
    known = fuzzers()
    if kind not in known:
        raise ValueError(f"kinds has {kind!r}, expected some of {', '.join(known)}")
    return known[kind]


def measure(config: Config) -> Outcome:
    """Run the fuzzer of the one kind that is named; pytest prints what it found.

    Raises:
        ValueError: for an unknown kind.
    """
    (kind,) = config.kinds
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-m", "fuzz", "--tally", folder, str(fuzzer_of(kind))]
        failed = subprocess.run(command, cwd=ROOT).returncode
        counted = Path(folder, f"{kind}.json")
        figures = json.loads(counted.read_text()) if counted.exists() else {}
    metrics = {name: figures.get(name) for name in ("tries", *FAILURES)}
    return Outcome(
        metrics | {"fuzzing_s": time.perf_counter() - began}, status="failed" if failed else "ok",
        reason=f"pytest ended with status {failed}" if failed else None, config={"kind": kind},
    )  # fmt: skip
