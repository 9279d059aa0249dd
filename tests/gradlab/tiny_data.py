"""Spike data that take no time, and that a few steps learn."""

import jax
import numpy as np

from gradlab import Network
from gradlab.data import SpikeData, Splits

INPUTS, CLASSES, DURATION = 8, 2, 0.06


def tiny_data(samples, seed=0, inputs=INPUTS, classes=CLASSES):
    """Each class has channels of its own; 12 spikes a sample in 50 ms."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(samples) % classes)
    each = inputs // classes
    times = [np.sort(rng.uniform(0, 0.05, 12)) for _ in labels]
    units = [rng.integers(0, each, 12) + each * label for label in labels]
    return SpikeData.from_samples("tiny", times, units, labels, np.arange(samples) % 3, inputs=inputs, classes=classes)


def tiny_network(hidden=(6,), **settings):
    """A network for tiny data whose neurons spike from the start."""
    usual = dict(duration=DURATION, initialiser="fluctuation-driven", input_rate=15.8)
    return Network(INPUTS, CLASSES, hidden=hidden, **usual | settings)


def tiny_splits():
    """Sizes that no batch of 8 divides."""
    return Splits(tiny_data(43, 0), tiny_data(11, 1), tiny_data(13, 2))


def assert_same(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


def without_times(history):
    return {name: values for name, values in history.items() if not name.endswith("_s")}


def interrupted(function, at):
    """The same function, during which the user presses Ctrl-C when it is called for the time ``at``."""
    calls = []

    def call(*arguments, **settings):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return function(*arguments, **settings)

    return call
