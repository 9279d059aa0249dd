"""The command ``python -m benchmarks.speed_scaling``."""

import sys

from gradlab.command import Command

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("speed_scaling", Config, measure, program="benchmarks.speed_scaling", table=table, figures=figures)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
