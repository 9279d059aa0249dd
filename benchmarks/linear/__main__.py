"""``python -m benchmarks.linear``."""

from gradlab.command import Command, exit_with

from .figure import table
from .measure import Config, measure

COMMAND = Command("linear", Config, measure, program="benchmarks.linear", table=table)

if __name__ == "__main__":
    exit_with(COMMAND.main())
