"""``python -m benchmarks.trials``."""

from gradlab.command import Command, exit_with

from ..trainings import main
from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("trials", Config, measure, program="benchmarks.trials", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(main(COMMAND, Config))
