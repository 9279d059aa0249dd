"""The command ``python -m benchmarks.speed_scaling``."""

from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("speed_scaling", Config, measure, program="benchmarks.speed_scaling", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(COMMAND.main())
