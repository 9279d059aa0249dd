"""``python -m benchmarks.initialisation``."""

from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("initialisation", Config, measure, program="benchmarks.initialisation", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(COMMAND.main())
