"""Handwritten digits of 8 x 8 pixels as latencies: a small stand-in for MNIST that scikit-learn brings along.

Source: Alpaydin & Kaynak 1998, UCI Machine Learning Repository, "Optical Recognition of Handwritten Digits" (the part
of 1797 images by 13 writers, with 17 grey levels).
"""

import numpy as np

from .description import DataSet
from .latency import DURATION, from_images
from .scikit_learn import datasets
from .splits import Splits

CLASSES = 10
_BRIGHTEST = 16
_VALIDATION, _TEST = 300, 300  # samples; the rest is for training


def load_digits(seed: int = 0) -> Splits:
    """Training, validation and test set of 1197, 300 and 300 images, by chance: the set itself has no such parts.

    Args:
        seed: of their order.

    Raises:
        ValueError: without scikit-learn.
    """
    found = datasets().load_digits()
    images, labels = found.data / _BRIGHTEST, found.target.astype(np.int32)
    order = np.random.default_rng(seed).permutation(len(labels))
    ends = len(labels) - _VALIDATION - _TEST, len(labels) - _TEST
    return Splits(*(from_images("digits", images[part], labels[part], CLASSES) for part in np.split(order, ends)))


DIGITS = DataSet(
    load=lambda folder, download: load_digits(),
    network={"duration": DURATION},
    training={"learning_rate": 1e-3},
)
