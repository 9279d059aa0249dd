"""The Spiking Heidelberg Digits: spoken digits 0-9 in English and German as spikes of a cochlea model.

Source: Cramer, Stradmann, Schemmel & Zenke 2022, IEEE Trans. Neural Netw. Learn. Syst. 33:2744. CC BY 4.0.
"""

from pathlib import Path

from .dataset import SpikeData
from .description import DataSet
from .heidelberg import INPUTS as INPUTS
from .heidelberg import Recordings
from .splits import Splits

CLASSES = 20
CLASS_NAMES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
)
_RECORDINGS = Recordings("shd", CLASSES, {"train": {"train": True}, "test": {"train": False}}, CLASS_NAMES)


def is_in(data_dir: str | Path) -> bool:
    """Whether both files are there."""
    return _RECORDINGS.is_in(data_dir)


def load_shd(data_dir: str | Path, download: bool = False) -> tuple[SpikeData, SpikeData]:
    """Training and test set, read whole into memory (0.4 GB; some seconds); the download has 0.2 GB.

    Arguments and errors are those of ``Recordings.load``.

    Returns:
        ``(train, test)``.
    """
    train, test = _RECORDINGS.load(data_dir, download)
    return train, test


def _load_splits(folder: Path, download: bool) -> Splits:
    train, test = load_shd(folder, download)
    return Splits(train, None, test)


SHD = DataSet(
    load=_load_splits,
    # Number 8 speaks about a tenth of the training set, and about 40 times each digit in each language, so that a
    # validation accuracy weighs all classes alike; 4 and 5 only speak in the test set.
    held_out=(8,),
    group="speaker",
    # The rate of an input channel as Rossbroich et al. 2022 take it for SHD.
    network={"duration": 1.0, "input_rate": 15.8},
    # Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (channel shift 40 of 700, and blends).
    training={"channel_shift": 40, "blend": 0.5},
    is_in=is_in,
)
