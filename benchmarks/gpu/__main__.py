"""``python -m benchmarks.gpu``."""

from gradlab.command import exit_with

from .config import Config
from .figure import figures, table
from .measure import InParts, measure

COMMAND = InParts("gpu", Config, measure, program="benchmarks.gpu", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(COMMAND.main())
