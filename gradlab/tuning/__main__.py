"""``python -m gradlab.tuning``."""

import sys

from ..command import Record, exit_with, run_command
from ..configuration import configured_by
from .config import Config, require_packages


def run(config: Config) -> Record:
    """See ``tune``; its packages are imported when they are used."""
    require_packages()
    from .tune import tune

    return tune(config)


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("gradlab.tuning", Config, run, default=Config(**vars(configured_by(sys.argv[1:]))))


if __name__ == "__main__":
    exit_with(main())
