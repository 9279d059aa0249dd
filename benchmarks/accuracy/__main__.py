"""``python -m benchmarks.accuracy``."""

import sys

from gradlab.command import Command

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("accuracy", Config, measure, program="benchmarks.accuracy", table=table, figures=figures)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
