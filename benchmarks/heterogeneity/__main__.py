"""``python -m benchmarks.heterogeneity``."""

from gradlab import configuration
from gradlab.command import Command, exit_with

from ..trainings import main
from .figure import figures, table
from .measure import PRESET, Config, measure

COMMAND = Command("heterogeneity", Config, measure, program="benchmarks.heterogeneity", table=table, figures=figures)


if __name__ == "__main__":
    exit_with(main(COMMAND, Config, "--preset", PRESET, method=(configuration.BOTH,)))
