"""Many trainings: ``gradlab sweep``."""

from collections.abc import Sequence
from pathlib import Path

from ..command import exit_with, parsed, require_package, with_clear_errors
from ..runs.listing import described, table
from ..training.interrupts import ended_by_signals
from .options import Config, lines
from .plan import Run, planned


def sweep(config: Config) -> int:
    """Do a sweep, as far as it goes; returns the exit status.

    Raises:
        ValueError: for impossible settings, before anything is started.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C.
    """
    if not config.dry_run:
        require_package("gradlab sweep", "submitit", "sweep")
    runs = planned(lines(config))
    failed = {} if config.dry_run or all(run.finished for run in runs) else _done(runs, config)
    print(table([described(run.folder) for run in runs]))
    if config.dry_run:
        return 0
    for path, reason in failed.items():
        print(f"failed: {path}: {reason}")
    print(f"{len(runs) - len(failed)} of {len(runs)} runs are finished")
    return 1 if failed else 0


def _done(runs: Sequence[Run], config: Config) -> dict[Path, str]:
    """Do what is left to do; returns why runs failed, by their folders."""
    from .entry import FAILED  # here, for these import submitit
    from .launchers import LAUNCHERS
    from .view import View
    from .watching import Sweep

    with View() as view:
        started = Sweep(runs, LAUNCHERS[config.launcher](config), config.tries, view)
        started.run()
    return {entry.run.path: entry.reason for entry in started.entries if entry.state == FAILED}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        config = parsed("gradlab sweep", Config, arguments)
        with ended_by_signals():
            return sweep(config)

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
