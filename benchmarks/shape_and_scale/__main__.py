"""``python -m benchmarks.shape_and_scale``."""

from gradlab.command import Command, exit_with

from ..trainings import main
from .figure import figures, table
from .measure import DATASET, METHOD, Config, measure

COMMAND = Command(
    "shape_and_scale", Config, measure, program="benchmarks.shape_and_scale", table=table, figures=figures
)


if __name__ == "__main__":
    exit_with(main(COMMAND, Config, "--dataset", DATASET, method=(METHOD,)))
