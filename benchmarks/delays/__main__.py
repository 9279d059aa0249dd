"""``python -m benchmarks.delays``."""

import sys

from gradlab import configuration
from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import PRESET, Config, measure

COMMAND = Command("delays", Config, measure, program="benchmarks.delays", table=table, figures=figures)


def main() -> int:
    """The command line; returns the exit status."""
    # Of two presets, the last one counts.
    named = configuration.configured_by(["--preset", PRESET, *sys.argv[1:]])
    return COMMAND.main(default=Config(**vars(named) | {"resume": True}))


if __name__ == "__main__":
    exit_with(main())
