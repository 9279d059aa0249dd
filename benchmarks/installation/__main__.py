"""``python -m benchmarks.installation``."""

from gradlab.command import Command, exit_with

from .figure import table
from .measure import Config, measure

COMMAND = Command("installation", Config, measure, program="benchmarks.installation", table=table)

if __name__ == "__main__":
    exit_with(COMMAND.main())
