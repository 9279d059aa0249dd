"""``python -m benchmarks.robustness``."""

import sys

from .measure import Config, RobustnessCommand, measure

COMMAND = RobustnessCommand("robustness", Config, measure, program="benchmarks.robustness")

if __name__ == "__main__":
    sys.exit(COMMAND.main())
