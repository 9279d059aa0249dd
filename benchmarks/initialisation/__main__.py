"""``python -m benchmarks.initialisation``."""

import sys

from gradlab.command import Command

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("initialisation", Config, measure, program="benchmarks.initialisation", table=table, figures=figures)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
