"""``python -m benchmarks.delays``."""

from gradlab.command import Command, exit_with

from ..trainings import main
from .figure import figures, table
from .measure import PRESET, Config, measure

COMMAND = Command("delays", Config, measure, program="benchmarks.delays", table=table, figures=figures)


if __name__ == "__main__":
    exit_with(main(COMMAND, Config, "--preset", PRESET))
