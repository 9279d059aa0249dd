"""The command ``python -m benchmarks.trained_speed``."""

from ..one_core import use_one_core

if __name__ == "__main__":
    use_one_core()  # before JAX is imported, with what follows

from gradlab.command import Command, exit_with  # noqa: E402

from ..trainings import main  # noqa: E402
from .measure import Config, measure, table  # noqa: E402

COMMAND = Command("trained_speed", Config, measure, program="benchmarks.trained_speed", table=table)

if __name__ == "__main__":
    exit_with(main(COMMAND, Config))
