"""MNIST's handwritten digits of 28 x 28 pixels as latencies, downloaded from OpenML by scikit-learn and kept there.

Source: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86:2278; Wunderlich & Pehle 2021, Sci. Rep. 11:12829 (as
latencies).
"""

import http.client
from pathlib import Path

import numpy as np

from .description import DataSet
from .latency import DURATION, from_images
from .scikit_learn import datasets
from .splits import Splits

CLASSES, PIXELS, IMAGES = 10, 784, 70_000
_BRIGHTEST = 255
_ENDS = 55_000, 60_000  # of the training and the validation part; MNIST's own test images come last


def load_mnist(folder: str | Path) -> Splits:
    """Training, validation and test set of 55,000, 5,000 and 10,000 images.

    Args:
        folder: where the download is kept (in ``openml``), and looked for first.

    Raises:
        OSError: if it is not there and cannot be downloaded.
        ValueError: if something else came, or without scikit-learn.
    """
    fetch = datasets().fetch_openml
    try:
        found = fetch("mnist_784", version=1, data_home=str(folder), as_frame=False, parser="liac-arff")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OSError(
            f"MNIST is not in {Path(folder) / 'openml'} and could not be downloaded from OpenML: {error}: see to the "
            "network, or take the data set digits, which needs none"
        ) from error
    if found.data.shape != (IMAGES, PIXELS):
        raise ValueError(
            f"MNIST from OpenML has the shape {found.data.shape}, expected {(IMAGES, PIXELS)}: remove "
            f"{Path(folder) / 'openml'} and download it again"
        )
    parts = zip(np.split(found.data / _BRIGHTEST, _ENDS), np.split(found.target.astype(np.int32), _ENDS), strict=True)
    return Splits(*(from_images("mnist", images, labels, CLASSES) for images, labels in parts))


MNIST = DataSet(
    load=lambda folder, download: load_mnist(folder),
    network={"duration": DURATION},
    training={"learning_rate": 1e-3},
)
