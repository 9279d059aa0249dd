"""Recordings for the examples: 100 spikes in 0.1 s, most of them on the first ten channels, or on the last ten."""

import numpy as np

from solvers.events import pad_events


def recordings(count=32, seed=0):
    """Events of a batch, and the class of each."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    samples = []
    for label in labels:
        on_last = rng.random(100) < (0.8 if label else 0.2)
        samples.append((rng.uniform(0, 0.1, 100), rng.integers(0, 10, 100) + 10 * on_last))
    return pad_events(samples), labels
