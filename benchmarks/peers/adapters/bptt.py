"""Our BPTT-SG."""

from benchmarks.peers.adapters import ours
from benchmarks.peers.measure import Contestant, Problem, main
from gradlab import BPTTTrainer


def build(problem: Problem) -> Contestant:
    """See ``Contestant``."""
    return ours.build(problem, lambda network, config: BPTTTrainer(network, config, dt=problem.dt))


if __name__ == "__main__":
    main(build)
