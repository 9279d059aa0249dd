"""Many trainings: ``gradlab sweep``."""

import importlib.util
from collections.abc import Sequence

from ..command import exit_with, parsed, with_clear_errors
from ..runs.listing import described, table
from ..training.interrupts import ended_by_signals
from .options import Config, lines
from .plan import planned


def require_submitit() -> None:
    """Refuse to go on without the package that starts the trainings.

    Raises:
        ValueError: says how to install it.
    """
    if importlib.util.find_spec("submitit") is None:
        raise ValueError("gradlab sweep needs the package submitit, which is not there: pip install 'gradlab[sweep]'")


def sweep(config: Config) -> int:
    """Do a sweep, as far as it goes; returns the exit status.

    Raises:
        ValueError: for impossible settings, before anything is started.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C.
    """
    if not config.dry_run:
        require_submitit()
    runs = planned(lines(config))
    if config.dry_run:
        print(table([described(run.folder) for run in runs]))
        return 0
    from .entry import FAILED  # here, for these import submitit
    from .launchers import LAUNCHERS
    from .view import View
    from .watching import Sweep

    with View() as view:
        started = Sweep(runs, LAUNCHERS[config.launcher](config), config.tries, view)
        started.run()
    print(table([described(run.folder) for run in runs]))
    failed = [entry for entry in started.entries if entry.state == FAILED]
    for entry in failed:
        print(f"failed: {entry.run.path}: {entry.reason}")
    print(f"{len(runs) - len(failed)} of {len(runs)} runs are finished")
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        config = parsed("gradlab sweep", Config, arguments)
        with ended_by_signals():
            return sweep(config)

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
