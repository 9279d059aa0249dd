"""Noise with labels that were drawn at random: what a network can learn by heart. There is nothing to generalise.

Channels are independent Poisson processes. The labels of the training samples have nothing to do with their spikes, so
that the accuracy on the other parts is one half by construction, and only that on the training part says anything.

Source: BrainState's tutorial on training spiking networks (100 channels of 5 Hz for 200 ms, 256 samples, two classes).
"""

import numpy as np

from .dataset import SpikeData
from .description import DataSet
from .splits import Splits

INPUTS, CLASSES = 100, 2
DURATION = 200e-3  # of a trial [s]
_RATE = 5.0  # of a channel [Hz]
_SIZES = 256, 64, 64  # training, validation and test samples


def make_random_labels(sizes: tuple[int, int, int] = _SIZES, seed: int = 0) -> Splits:
    """Training, validation and test set, the same for the same arguments.

    Args:
        sizes: number of samples of each.
        seed: of all samples and labels.

    Raises:
        ValueError: if a set would be empty.
    """
    if min(sizes) < 1:
        raise ValueError(f"sizes are {sizes}, expected at least one sample in each of the three sets")
    rng = np.random.default_rng(seed)
    return Splits(*(_make_set(rng, samples) for samples in sizes))


def _make_set(rng: np.random.Generator, samples: int) -> SpikeData:
    spikes = rng.poisson(INPUTS * _RATE * DURATION, samples)
    times = [rng.uniform(0, DURATION, n) for n in spikes]
    units = [rng.integers(INPUTS, size=n) for n in spikes]
    labels = rng.integers(CLASSES, size=samples)
    return SpikeData.from_samples("random-labels", times, units, labels, inputs=INPUTS, classes=CLASSES)


RANDOM_LABELS = DataSet(
    load=lambda folder, download: make_random_labels(),
    network={"duration": DURATION},
    training={"learning_rate": 3e-3},
)
