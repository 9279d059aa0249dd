"""``python -m benchmarks.transfer``."""

from gradlab.command import Command, exit_with

from ..trainings import main
from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("transfer", Config, measure, program="benchmarks.transfer", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(main(COMMAND, Config))
