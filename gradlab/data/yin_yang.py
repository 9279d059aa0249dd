"""Yin-Yang: points of a plane in three classes, each coordinate a spike time. Small, not linear, made by a generator.

Source: Kriener, Goltz & Petrovici 2022, "The Yin-Yang dataset", NICE 2022, arXiv:2102.08211 (classes, mirrored
coordinates and the bias; numbers of samples); Wunderlich & Pehle 2021, Sci. Rep. 11:12829 (spikes within 30 ms). That
the bias spikes at the start is a choice of ours.
"""

import numpy as np
from numpy.typing import ArrayLike

from .dataset import SpikeData
from .description import DataSet
from .splits import Splits

INPUTS, CLASSES = 5, 3
CLASS_NAMES = "yang", "yin", "dot"
DURATION = 60e-3  # of a trial [s]
_LAST = 30e-3  # the time of the spike of a coordinate of 1 [s]; that of a coordinate of 0, and the bias, spike at 0
_RADIUS, _DOT = 0.5, 0.1  # of the figure and of its two dots
_SIZES = 5000, 1000, 1000  # training, validation and test samples


def class_of(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """0 for Yang, 1 for Yin, 2 for a dot; of points inside the circle of radius 0.5 around (0.5, 0.5)."""
    x, y = np.asarray(x), np.asarray(y)
    to_right, to_left = np.hypot(x - 1.5 * _RADIUS, y - _RADIUS), np.hypot(x - 0.5 * _RADIUS, y - _RADIUS)
    yin = (to_left <= 0.5 * _RADIUS) | ((y > _RADIUS) & (to_right > 0.5 * _RADIUS))
    return np.where(np.minimum(to_right, to_left) < _DOT, 2, yin)


def make_yin_yang(sizes: tuple[int, int, int] = _SIZES, seed: int = 0) -> Splits:
    """Training, validation and test set, the same for the same arguments.

    Args:
        sizes: number of samples of each, the three classes equally often to within chance.
        seed: of all samples.

    Raises:
        ValueError: if a set would be empty.
    """
    if min(sizes) < 1:
        raise ValueError(f"sizes are {sizes}, expected at least one sample in each of the three sets")
    rng = np.random.default_rng(seed)
    return Splits(*(_make_set(rng, samples) for samples in sizes))


def _draw(rng: np.random.Generator, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, each class equally likely, and a point of that class, uniformly, by rejection."""
    labels, points = rng.integers(CLASSES, size=samples), np.empty((samples, 2))
    missing = np.arange(samples)
    while missing.size:
        x, y = tried = rng.random((2, missing.size))
        found = (np.hypot(x - _RADIUS, y - _RADIUS) <= _RADIUS) & (class_of(x, y) == labels[missing])
        points[missing[found]] = tried.T[found]
        missing = missing[~found]
    return labels, points


def _make_set(rng: np.random.Generator, samples: int) -> SpikeData:
    labels, points = _draw(rng, samples)
    coordinates = np.concatenate([points, 1 - points], 1)
    times = np.concatenate([_LAST * coordinates, np.zeros((samples, 1))], 1)
    order = np.argsort(times, 1, kind="stable")
    return SpikeData.from_samples(
        "yin-yang", list(np.take_along_axis(times, order, 1)), list(order), labels, inputs=INPUTS, classes=CLASSES,
        class_names=CLASS_NAMES,
    )  # fmt: skip


YIN_YANG = DataSet(
    load=lambda folder, download: make_yin_yang(),
    network={"duration": DURATION},
    training={"learning_rate": 1e-3},
)
