"""The command ``python -m benchmarks.trained_speed``."""

import sys

from ..one_core import use_one_core

if __name__ == "__main__":
    use_one_core()  # before JAX is imported, with what follows

from gradlab import configuration  # noqa: E402
from gradlab.command import Command, exit_with  # noqa: E402

from .measure import Config, measure, table  # noqa: E402

COMMAND = Command("trained_speed", Config, measure, program="benchmarks.trained_speed", table=table)

if __name__ == "__main__":
    named = configuration.configured_by(sys.argv[1:])
    exit_with(COMMAND.main(default=Config(**vars(named) | {"resume": True})))
