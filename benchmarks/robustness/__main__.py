"""``python -m benchmarks.robustness``."""

from gradlab.command import exit_with

from .measure import Config, RobustnessCommand, measure

COMMAND = RobustnessCommand("robustness", Config, measure, program="benchmarks.robustness")

if __name__ == "__main__":
    exit_with(COMMAND.main())
