"""``python -m benchmarks.shape_and_scale``."""

import sys

from gradlab import configuration
from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import DATASET, METHOD, Config, measure

COMMAND = Command(
    "shape_and_scale", Config, measure, program="benchmarks.shape_and_scale", table=table, figures=figures
)


def main() -> int:
    """The command line; returns the exit status."""
    # Of two of one option, the last one counts.
    named = configuration.configured_by(["--dataset", DATASET, *sys.argv[1:]])
    return COMMAND.main(default=Config(**vars(named) | {"dataset": DATASET, "method": (METHOD,), "resume": True}))


if __name__ == "__main__":
    exit_with(main())
