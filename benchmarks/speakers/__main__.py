"""``python -m benchmarks.speakers``."""

import dataclasses
import sys

from gradlab import configuration
from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import measure

COMMAND = Command(
    "speakers", configuration.Config, measure, program="benchmarks.speakers", table=table, figures=figures
)


def main() -> int:
    """The command line; returns the exit status."""
    named = configuration.configured_by(sys.argv[1:])
    return COMMAND.main(default=dataclasses.replace(named, validation_groups=()))


if __name__ == "__main__":
    exit_with(main())
