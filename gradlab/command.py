"""What the command lines of this project have in common: options, one clear error, the record as the last line."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import tyro

from .records import code_state

_EXIT = {"ok": 0, "interrupted": 130}
_FAILED, _REFUSED = 1, 2


class Settings(Protocol):
    """What every command takes."""

    @property
    def out(self) -> Path:
        """Folder for records and figures."""

    @property
    def json(self) -> bool:
        """Print the record as one JSON object in the last line."""


AnySettings = TypeVar("AnySettings", bound=Settings)


def run_command(
    program: str,
    settings: type[AnySettings],
    run: Callable[[AnySettings], dict[str, Any]],
    records: str,
    arguments: Sequence[str] | None = None,
    default: AnySettings | None = None,
) -> int:
    """Parse the options, run, and say where the results are.

    Args:
        program: how it is called, such as ``"gradlab.bench"``.
        settings: dataclass of the options.
        run: ``prepare``s the folder, does the work, prints its table, appends its record to the file ``records`` and
            returns it. Its ValueError and OSError are shown as one line.
        records: name of the file.
        arguments: by default those of the process.
        default: what options that are not given are set to, if not to the defaults of ``settings``.

    Returns:
        Exit status: 0 if all went well, 1 for a run that failed, 2 for what was refused, 130 after Ctrl-C.
    """
    try:
        config = tyro.cli(settings, prog=f"python -m {program}", args=arguments, default=default or settings())
        record = run(config)
    except (ValueError, OSError, KeyboardInterrupt) as error:
        # In a call back from a running XLA program, Ctrl-C comes as a ValueError.
        if isinstance(error, KeyboardInterrupt) or "KeyboardInterrupt" in str(error):
            print("error: interrupted by the user; what is not recorded yet is lost", file=sys.stderr)
            return _EXIT["interrupted"]
        print("error:", *str(error).split(), file=sys.stderr)
        return _REFUSED
    print(f"record appended to {config.out / records}, figures are in {config.out / 'figures'}")
    if config.json:
        print(json.dumps(record))
    return _EXIT.get(record["status"], _FAILED)


def prepare(out: Path, records: str) -> None:
    """Make sure before the work that its results can be written, and note which code does it.

    Args:
        out: folder for records and figures, created if needed.
        records: name of the file with the records.

    Raises:
        OSError: if they cannot.
    """
    code_state()
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        if (out / records).exists():
            (out / records).open("ab").close()
    except OSError as error:
        raise OSError(
            f"{error.filename} cannot be written to ({error.strerror}): choose another folder with --out"
        ) from error
