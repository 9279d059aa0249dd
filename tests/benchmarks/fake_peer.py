"""A contestant for tests: neurons without memory that fire in proportion to their input; NumPy only."""

import os

import numpy as np

from benchmarks.peers.contestant import Contestant, Problem, main


def build(problem: Problem) -> Contestant:
    grid = problem.grid()

    def gradient():
        stored = np.ones(20 * grid.size, np.float32)
        return [np.full_like(problem.w_in, stored[-1]), 0 * problem.w_rec if "FAKE_SILENT" in os.environ else [1.0]]

    return Contestant(gradient, lambda: 8 * float(problem.w_in.mean()), grid.nbytes, os.environ.get("FAKE_LIMITS", ""))


if __name__ == "__main__":
    main(build, "numpy")
