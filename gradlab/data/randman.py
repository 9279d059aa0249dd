"""Randman: classes are smooth random manifolds, whose coordinates are spike times. Spike counts tell nothing.

Each class has a manifold in the space of all channels: for each channel a random periodic function of a point in a
cube of few dimensions. Each channel spikes once, at the value of its function at a point that is drawn for the sample.
Amplitudes fall with the frequency as its power ``-alpha``: the larger ``alpha``, the smoother, and the easier to learn.

Source: Zenke & Vogels 2021, Neural Comput. 33:899 (the task and its parameters: 10 classes, 20 channels, one dimension,
alpha 1, spikes within 50 of 100 ms).
"""

import numpy as np
from jaxtyping import Float

from .dataset import SpikeData
from .description import DataSet
from .splits import Splits

CLASSES, INPUTS, DIMENSIONS = 10, 20, 1
ALPHA = 1.0  # power with which the spectrum falls
DURATION = 100e-3  # of a trial [s]
_WITHIN = 50e-3  # all spikes [s]
_SIZES = 800, 100, 100  # training, validation and test samples of each class
_PRECISION, _MOST_FREQUENCIES = 1e-3, 1000  # least amplitude of a frequency, of that of the first; most of them


def make_randman(
    sizes: tuple[int, int, int] = _SIZES, seed: int = 0, *, classes: int = CLASSES, inputs: int = INPUTS,
    dimensions: int = DIMENSIONS, alpha: float = ALPHA,
) -> Splits:  # fmt: skip
    """Training, validation and test set, the same for the same arguments.

    Args:
        sizes: number of samples of each class in each.
        seed: of manifolds and samples.
        classes: manifolds.
        inputs: channels, the dimension of the space that they lie in.
        dimensions: of a manifold.
        alpha: its smoothness, > 0.

    Raises:
        ValueError: for anything below 1, or an alpha that is not positive.
    """
    if min(sizes) < 1:
        raise ValueError(f"sizes are {sizes}, expected at least one sample in each of the three sets")
    for name, value in (("classes", classes), ("inputs", inputs), ("dimensions", dimensions)):
        if value < 1:
            raise ValueError(f"{name} is {value}, expected at least 1")
    if not alpha > 0:
        raise ValueError(f"alpha is {alpha:g}, expected > 0")
    rng = np.random.default_rng(seed)
    ends = np.cumsum(sizes)
    times = np.stack([_manifold(rng, sum(sizes), inputs, dimensions, alpha) for _ in range(classes)])
    return Splits(*(_part(rng, part, inputs, classes) for part in np.split(_WITHIN * times, ends[:-1], axis=1)))


def _manifold(
    rng: np.random.Generator, samples: int, inputs: int, dimensions: int, alpha: float
) -> Float[np.ndarray, "samples inputs"]:
    """Points of a random manifold; each coordinate runs from 0 to 1.

    A coordinate is a product over the dimensions of ``sum_f a_f (f + 1)^-alpha sin(2 pi (f b_f x + c_f))`` with a, b
    and c uniform between 0 and 1, and f from 0 on as long as the amplitude is not negligible.
    """
    frequencies = min(int(np.ceil(_PRECISION ** (-1 / alpha))), _MOST_FREQUENCIES)
    f = np.arange(frequencies)
    spectrum = (f + 1.0) ** -alpha
    points = rng.random((samples, dimensions))
    found = np.ones((samples, inputs))
    for channel in range(inputs):
        for x in points.T:
            amplitude, scale, phase = rng.random((3, frequencies))
            amplitude[0] = 0  # which would move the whole, and is taken out again below
            found[:, channel] *= np.sin(2 * np.pi * (np.outer(x, f * scale) + phase)) @ (amplitude * spectrum)
    lowest, highest = found.min(0), found.max(0)
    return (found - lowest) / np.maximum(highest - lowest, np.finfo(float).tiny)


def _part(
    rng: np.random.Generator, times: Float[np.ndarray, "classes samples inputs"], inputs: int, classes: int
) -> SpikeData:
    order = rng.permutation(times.shape[0] * times.shape[1])
    labels, times = np.repeat(np.arange(classes), times.shape[1])[order], times.reshape(-1, inputs)[order]
    units = np.argsort(times, 1, kind="stable")
    return SpikeData.from_samples(
        "randman", list(np.take_along_axis(times, units, 1)), list(units), labels, inputs=inputs, classes=classes
    )


RANDMAN = DataSet(
    load=lambda folder, download: make_randman(),
    network={"duration": DURATION},
    training={"learning_rate": 1e-3},
)
