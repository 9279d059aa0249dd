"""The frame of every command: options, one clear error, and what is measured printed, recorded and drawn."""

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, runtime_checkable

import tyro

from .reporting import records
from .reporting.environment import code_state
from .training.interrupts import ended_by_signals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Where runs of a user go; ``results`` holds committed records only.
RUNS = Path("runs")
_CONSOLE = "gradlab"  # the command with all others in it
_EXIT = {"ok": 0, "interrupted": 130}
_FAILED, _REFUSED = 1, 2
_XLA_HAS_NO_MEMORY = "RESOURCE_EXHAUSTED"  # JAX has no error of its own for it
Record = dict[str, Any]


@runtime_checkable
class Settings(Protocol):
    """What every command takes."""

    @property
    def out(self) -> Path:
        """Folder for records and figures."""

    @property
    def json(self) -> bool:
        """Print the record as one JSON object in the last line."""


AnySettings = TypeVar("AnySettings", bound=Settings)
AnyOptions = TypeVar("AnyOptions")


@dataclass(frozen=True)
class Outcome:
    """What a command measured: its record but for code, machine and time; see ``records.make_record``.

    Attributes:
        metrics: single figures, with the unit in the name.
        samples: lists of figures.
        method: name of the method, or what stands for several.
        dataset: name of the data set.
        preset: name of the preset.
        hidden: number of hidden neurons.
        seed: of the run.
        status: one of ``records.STATUSES``.
        reason: why the status is not ``ok``.
        config: what is recorded of the settings; by default all of them but folders and the like.
    """

    metrics: Mapping[str, Any]
    samples: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    dataset: str | None = None
    preset: str | None = None
    hidden: int | None = None
    seed: int | None = None
    status: str = "ok"
    reason: str | None = None
    config: Mapping[str, Any] | None = None


class Unfinished(Exception):
    """A command that stops early, but has measured something: that is recorded before ``cause`` is raised."""

    def __init__(self, outcome: Outcome, cause: BaseException):
        """Bind what was measured, and why it stopped."""
        super().__init__(str(cause))
        self.outcome, self.cause = outcome, cause


@dataclass(frozen=True)
class Command(Generic[AnySettings]):
    """A command that measures one thing.

    Attributes:
        name: in records, and of the file with them.
        settings: dataclass of the options.
        measure: does the work; its ValueError and OSError are shown as one line.
        program: how it is called, such as ``"gradlab.check"``.
        table: what is printed, from the record.
        figures: by file name, from the record.
    """

    name: str
    settings: Callable[..., AnySettings]
    measure: Callable[[AnySettings], Outcome]
    program: str
    table: Callable[[Record], str] | None = None
    figures: "Callable[[Record], Mapping[str, Figure]] | None" = None

    @property
    def file(self) -> str:
        """Name of the file with the records."""
        return f"{self.name}.jsonl"

    def run(self, config: AnySettings) -> Record:
        """Measure, print, record, draw; returns the record.

        Raises:
            ValueError: for impossible settings or damaged data.
            OSError: for data that are not there, or a folder that cannot be written to.
            KeyboardInterrupt: after Ctrl-C.
        """
        prepare(config.out, self.file)
        try:
            outcome = self.measure(config)
        except Unfinished as stopped:
            write_record(self.name, config, stopped.outcome, self.file)
            raise stopped.cause from None
        record = record_of(self.name, config, outcome)
        if self.table is not None:
            print(self.table(record), flush=True)  # before anything is written: the disk may be full
        records.append(record, config.out / self.file)
        if self.figures is not None:
            draw(config.out, self.figures(record))
        return record

    def main(self, arguments: Sequence[str] | None = None, default: AnySettings | None = None) -> int:
        """The command line, see ``run_command``."""
        where = lambda config: (  # noqa: E731
            f"record appended to {config.out / self.file}, figures are in {config.out / 'figures'}"
        )
        return run_command(self.program, self.settings, self.run, arguments, default, where)


def run_command(
    program: str,
    settings: Callable[..., AnySettings],
    run: Callable[[AnySettings], Record],
    arguments: Sequence[str] | None = None,
    default: AnySettings | None = None,
    closing: Callable[[AnySettings], str] | None = None,
) -> int:
    """Parse the options, run, and say where the results are.

    Args:
        program: how it is called, such as ``"gradlab.bench"``.
        settings: dataclass of the options.
        run: does the work and returns the record that it wrote last. Its ValueError and OSError are shown as one line.
        arguments: by default those of the process.
        default: what options that are not given are set to, if not to the defaults of ``settings``.
        closing: says where the results are, unless ``run`` does.

    Returns:
        Exit status: 0 if all went well, 1 for a run that failed, 2 for what was refused, 130 after Ctrl-C or SIGTERM.
    """

    def work() -> int:
        config = parsed(program, settings, arguments, default)
        with ended_by_signals():
            record = run(config)
        if closing is not None:
            print(closing(config))
        if config.json:
            print(json.dumps(record))
        return _EXIT.get(record["status"], _FAILED)

    return with_clear_errors(work)


def require_package(what: str, package: str, extra: str) -> None:
    """Refuse to work without a package that is optional; nothing is imported.

    Args:
        what: needs it.
        package: that is to be imported.
        extra: of our own installation, with which it comes.

    Raises:
        ValueError: if it is not installed; says how to install it.
    """
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"{what} needs the package {package}, which is not there: pip install 'gradlab[{extra}]'")


def parsed(
    program: str,
    settings: Callable[..., AnyOptions],
    arguments: Sequence[str] | None = None,
    default: AnyOptions | None = None,
) -> AnyOptions:
    """The options of a command line, see ``run_command``; ends the process where the parser refuses them."""
    form = cast(type[AnyOptions], settings)
    usage = next((each for each in (program, sys.argv[0]) if each.startswith(f"{_CONSOLE} ")), f"python -m {program}")
    return tyro.cli(form, prog=usage, args=arguments, default=default or settings())


def with_clear_errors(work: Callable[[], int]) -> int:
    """The exit status of what is done, 2 or 130 after an error that is shown as one line, as are warnings."""
    try:
        with plain_warnings():
            return work()
    except (ValueError, OSError, MemoryError, RuntimeError, KeyboardInterrupt) as error:
        text = " ".join(str(error).split())
        # In a call back from a running XLA program, Ctrl-C comes as another error.
        if isinstance(error, KeyboardInterrupt) or "KeyboardInterrupt" in text:
            print("error: interrupted; what is not recorded or kept yet is lost", file=sys.stderr)
            return _EXIT["interrupted"]
        if isinstance(error, MemoryError) or _XLA_HAS_NO_MEMORY in text:
            text = f"out of memory: lower the sizes; {text}"
        elif isinstance(error, RuntimeError):
            raise
        print("error:", text, file=sys.stderr)
        return _REFUSED


def exit_with(status: int) -> None:
    """End the process. After an interruption at once: a program that still runs would crash while Python ends.

    So it is after an error of one of several processes that train together: JAX would wait for the others.
    """
    jax = sys.modules.get("jax")
    if status == _EXIT["interrupted"] or (jax is not None and jax.distributed.is_initialized()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings are shown as one line each, without the place in the code."""
    usual = warnings.formatwarning
    warnings.formatwarning = lambda message, *_: f"warning: {' '.join(str(message).split())}\n"
    try:
        yield
    finally:
        warnings.formatwarning = usual


def prepare(out: Path, file: str) -> None:
    """Make sure before the work that its results can be written, and note which code does it.

    Args:
        out: folder for records and figures, created if needed.
        file: name of the file with the records.

    Raises:
        OSError: if they cannot.
    """
    code_state()
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        if (out / file).exists():
            (out / file).open("ab").close()
    except OSError as error:
        raise OSError(
            f"{error.filename} cannot be written to ({error.strerror}): choose another folder with --out"
        ) from error


def record_of(benchmark: str, config: Settings, outcome: Outcome) -> Record:
    """The record of what was measured.

    Args:
        benchmark: what was measured.
        config: settings of the command.
        outcome: what it measured.
    """
    settings = records.recorded(config) if outcome.config is None else outcome.config
    return records.make_record(
        benchmark, outcome.preset, outcome.method, outcome.dataset, outcome.hidden, outcome.seed, outcome.status,
        settings, outcome.metrics, outcome.samples, reason=outcome.reason,
    )  # fmt: skip


def write_record(benchmark: str, config: Settings, outcome: Outcome, file: str) -> Record:
    """Append what was measured to a file of records, in the folder of the settings; returns ``record_of`` it."""
    record = record_of(benchmark, config, outcome)
    records.append(record, config.out / file)
    return record


def draw(out: Path, figures: "Mapping[str, Figure]") -> None:
    """Save figures, by file name, in the folder for them."""
    from .reporting.style import save  # here, for it loads JAX, which a command may have to set up first

    for name, figure in figures.items():
        save(figure, out / "figures" / name)
