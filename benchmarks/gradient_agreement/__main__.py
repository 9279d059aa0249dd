"""``python -m benchmarks.gradient_agreement``."""

from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command(
    "gradient_agreement", Config, measure, program="benchmarks.gradient_agreement", table=table, figures=figures
)

if __name__ == "__main__":
    exit_with(COMMAND.main())
