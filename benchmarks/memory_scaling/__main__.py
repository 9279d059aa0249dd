"""The command ``python -m benchmarks.memory_scaling``."""

from gradlab.command import Command, exit_with

from .config import Config
from .figure import figures, table
from .measure import measure

COMMAND = Command("memory_scaling", Config, measure, program="benchmarks.memory_scaling", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(COMMAND.main())
