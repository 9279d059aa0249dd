"""The command ``python -m benchmarks.gygax_zenke``, which computes in double precision."""

import jax

from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("gygax_zenke", Config, measure, program="benchmarks.gygax_zenke", table=table, figures=figures)

if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    exit_with(COMMAND.main())
