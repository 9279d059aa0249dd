"""Our EventProp, in continuous time."""

from benchmarks.peers.adapters import ours
from benchmarks.peers.measure import Contestant, Problem, main
from gradlab import EventPropTrainer


def build(problem: Problem) -> Contestant:
    """See ``Contestant``."""
    return ours.build(problem, EventPropTrainer)


if __name__ == "__main__":
    main(build)
