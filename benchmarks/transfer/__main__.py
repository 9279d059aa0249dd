"""``python -m benchmarks.transfer``."""

import sys

from gradlab import configuration
from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("transfer", Config, measure, program="benchmarks.transfer", table=table, figures=figures)


def main() -> int:
    """The command line; returns the exit status."""
    named = configuration.configured_by(sys.argv[1:])
    return COMMAND.main(default=Config(**vars(named) | {"resume": True}))


if __name__ == "__main__":
    exit_with(main())
