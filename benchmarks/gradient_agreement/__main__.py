"""``python -m benchmarks.gradient_agreement``."""

import sys

from gradlab.command import Command

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command(
    "gradient_agreement", Config, measure, program="benchmarks.gradient_agreement", table=table, figures=figures
)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
