"""N-MNIST: MNIST's digits on a screen, seen by an event camera in three saccades; downloaded and read by tonic.

Source: Orchard, Jayawant, Cohen & Thakor 2015, Front. Neurosci. 9:437.
"""

import http.client
import zipfile
from pathlib import Path

from .description import DataSet
from .splits import Splits
from .tonic_sets import from_tonic


def load_nmnist(folder: str | Path) -> Splits:
    """Training and test set, read whole into memory: 34 x 34 pixels, each with two polarities, are 2312 channels.

    Args:
        folder: where tonic keeps it (in ``NMNIST``), and looks for it first.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded.
    """
    from tonic.datasets import NMNIST as Dataset  # takes a second

    try:
        train, test = (Dataset(save_to=str(folder), train=train) for train in (True, False))
    except (OSError, RuntimeError, http.client.HTTPException, zipfile.BadZipFile) as error:
        raise FileNotFoundError(
            f"N-MNIST is not in {Path(folder) / 'NMNIST'} and could not be downloaded by tonic ({error}): connect to "
            "the network, or put train.zip and test.zip with their folders Train and Test there"
        ) from error
    digits = [str(digit) for digit in range(10)]
    parts = (from_tonic(part, name="n-mnist", class_names=digits) for part in (train, test))
    return Splits(next(parts), None, next(parts))


NMNIST = DataSet(
    load=lambda folder, download: load_nmnist(folder),
    network={"duration": 0.35},
    training={"learning_rate": 1e-3},
)
