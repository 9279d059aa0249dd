"""The command ``python -m benchmarks.speed``."""

import tyro

from gradlab.command import Command, exit_with

from ..one_core import use_one_core
from .config import Config

if __name__ == "__main__" and tyro.cli(Config, prog="python -m benchmarks.speed").cores == "one":
    use_one_core()  # before JAX is imported, with what follows

from .figure import figures, table  # noqa: E402
from .measure import measure  # noqa: E402

COMMAND = Command("speed", Config, measure, program="benchmarks.speed", table=table, figures=figures)

if __name__ == "__main__":
    exit_with(COMMAND.main())
