"""Images as latencies: each pixel that is not black spikes once, the brighter the earlier."""

import numpy as np
from jaxtyping import Float, Integer

from .dataset import SpikeData

LAST = 20e-3  # the time at which a pixel would spike that is all but black [s]
DURATION = 60e-3  # of a trial [s]


def from_images(
    name: str, images: Float[np.ndarray, "samples pixels"], labels: Integer[np.ndarray, " samples"], classes: int
) -> SpikeData:
    """A spike data set from images.

    Args:
        name: of the data set.
        images: brightness of each pixel, from 0 (black: no spike) to 1 (spikes at once).
        labels: class of each image.
        classes: their number.

    Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829 (MNIST as latencies); that spikes come within 20 ms is a choice
    of ours.
    """
    bright = [np.flatnonzero(image) for image in images]
    times = [LAST * (1 - image[units]) for image, units in zip(images, bright, strict=True)]
    return SpikeData.from_samples(name, times, bright, labels, inputs=images.shape[1], classes=classes)
