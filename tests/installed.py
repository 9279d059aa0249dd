"""What an installed wheel must do, as ``.ci/run`` tries it from an empty folder: ``python -P installed.py CHECKOUT``.

All files of the packages are in it, every command answers ``--help``, and nothing is left behind.
"""

import contextlib
import importlib
import io
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

PACKAGES = ("gradlab", "solvers", "benchmarks")


def check_files(checkout: Path) -> None:
    """Those that git tracks are those that are installed."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *PACKAGES], cwd=checkout, capture_output=True, text=True, check=True
    )
    wanted = set(listed.stdout.splitlines())
    installed = distribution("gradlab")
    found = {str(file) for file in installed.files or () if file.parts[0] in PACKAGES and file.suffix != ".pyc"}
    assert wanted and wanted == found, f"only in one of checkout and wheel: {sorted(wanted ^ found)}"
    for name in PACKAGES:
        place = Path(str(importlib.import_module(name).__file__))
        assert place == Path(str(installed.locate_file(f"{name}/__init__.py"))), place


def check_commands() -> None:
    """Each subcommand by the console command; the benchmarks, which share their imports, in this process."""
    from benchmarks import BENCHMARKS
    from gradlab.__main__ import COMMANDS

    for command in (
        ["gradlab"],
        *(["gradlab", name, "--help"] for name in COMMANDS),
        [sys.executable, "-m", "benchmarks"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and "usage:" in done.stdout, (command, done.stdout, done.stderr)
    for name in BENCHMARKS:
        said = io.StringIO()
        main = importlib.import_module(f"benchmarks.{name}.__main__").COMMAND.main
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            main(["--help"])
        assert f"usage: python -m benchmarks.{name}" in said.getvalue(), (name, said.getvalue())


if __name__ == "__main__":
    check_files(Path(sys.argv[1]))
    check_commands()
    left = sorted(map(str, Path().rglob("*")))
    assert not left, f"left behind: {left}"
    print("the wheel holds all files, and every command answers")
