"""The command ``python -m benchmarks.spike_exchange``, which computes in double precision."""

import jax

from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import Config, measure

COMMAND = Command("spike_exchange", Config, measure, program="benchmarks.spike_exchange", table=table, figures=figures)

if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    exit_with(COMMAND.main())
