"""``python -m benchmarks.ablation``."""

import sys

from gradlab import configuration
from gradlab.command import Command, exit_with

from .figure import figures, table
from .measure import measure
from .recipe import PRESET, whole_recipe

COMMAND = Command(
    "ablation", configuration.Config, measure, program="benchmarks.ablation", table=table, figures=figures
)


def main() -> int:
    """The command line; returns the exit status."""
    # Of two presets, the last one counts.
    named = configuration.configured_by(["--preset", PRESET, *sys.argv[1:]])
    return COMMAND.main(default=whole_recipe(named))


if __name__ == "__main__":
    exit_with(main())
