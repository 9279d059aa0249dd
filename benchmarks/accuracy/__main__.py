"""``python -m benchmarks.accuracy``."""

from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("accuracy", Config, measure, program="benchmarks.accuracy", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(COMMAND.main())
