"""``python -m benchmarks.linear``."""

import sys

from gradlab.command import Command

from .figure import table
from .measure import Config, measure

COMMAND = Command("linear", Config, measure, program="benchmarks.linear", table=table)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
