"""The Spiking Heidelberg Digits: spoken digits 0-9 in English and German as spikes of a cochlea model.

Source: Cramer, Stradmann, Schemmel & Zenke 2022, IEEE Trans. Neural Netw. Learn. Syst. 33:2744. CC BY 4.0.
"""

import http.client
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .dataset import SpikeData
from .description import DataSet
from .hdf5 import read_parts
from .splits import Splits

INPUTS, CLASSES = 700, 20
CLASS_NAMES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
)
_TIME_STEP = 2.0**-10  # [s]; times are 16-bit floating-point numbers, which lie on such a grid or a finer one
_PARTS = "spikes/times[]", "spikes/units[]", "labels", "extra/speaker"
_BLOCK = 2**22  # bytes of which a checksum is taken at once
_FILES = {True: "shd_train.h5", False: "shd_test.h5"}


def shd_folder(data_dir: str | Path) -> Path:
    """The folder of the two HDF5 files: ``data_dir`` itself if it holds one, else ``SHD`` inside it."""
    data_dir = Path(data_dir).expanduser().resolve()
    return data_dir if any((data_dir / file).is_file() for file in _FILES.values()) else data_dir / "SHD"


def is_in(data_dir: str | Path) -> bool:
    """Whether both files are there."""
    return all((shd_folder(data_dir) / file).is_file() for file in _FILES.values())


def load_shd(data_dir: str | Path, download: bool = False) -> tuple[SpikeData, SpikeData]:
    """Training and test set, read whole into memory (0.4 GB; some seconds), see ``read_parts``.

    Args:
        data_dir: folder with or for the files, or the folder around ``SHD``. Files that are there are never replaced.
        download: fetch what is missing (0.2 GB) through tonic, which checks it.

    Returns:
        ``(train, test)``.

    Raises:
        FileNotFoundError: if a file is missing and is not, or cannot be, downloaded.
        OSError: if a file cannot be opened.
        ValueError: if a file is damaged, differs from the archive beside it, or does not hold what SHD does.
    """
    folder = shd_folder(data_dir)
    return _load(folder, True, download), _load(folder, False, download)


def _load(folder: Path, train: bool, download: bool) -> SpikeData:
    path = folder / _FILES[train]
    if not path.is_file():
        if not download:
            raise FileNotFoundError(
                f"{path} does not exist, expected an SHD file: correct the folder or allow download"
            )
        _download(folder, train)
    try:
        _check_archive(path)
        # Not through tonic, which turns seconds into whole microseconds: here the stored float16 seconds are kept, in
        # float32 (exact; float16 cannot even hold 1e6).
        sizes, times, unit_sizes, units, labels, speakers = read_parts(path, _PARTS)
    except ValueError as error:
        raise ValueError(f"{error}: move it away and download it again") from error
    try:
        return SpikeData.from_samples(
            "shd", _rows(times, sizes), _rows(units, unit_sizes), labels, speakers, inputs=INPUTS, classes=CLASSES,
            time_step=_TIME_STEP, class_names=CLASS_NAMES,
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _rows(numbers: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    """Views of the rows that stand one after the other."""
    ends = np.cumsum(sizes).tolist()
    return [numbers[start:end] for start, end in pairwise([0, *ends])]


def _check_archive(path: Path) -> None:
    """Compare the checksum with that in the archive which the file was unpacked from, where that is still there.

    Raises:
        ValueError: if they differ.
    """
    try:
        with zipfile.ZipFile(path.with_name(f"{path.name}.zip")) as archive:
            expected = archive.getinfo(path.name).CRC
    except (OSError, KeyError, zipfile.BadZipFile):
        return  # such as the empty file that stands for it beside a file from elsewhere
    found = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found = zlib.crc32(block, found)
    if found != expected:
        raise ValueError(f"{path} is not what its archive {path.name}.zip holds, by the checksum")


def _download(folder: Path, train: bool) -> None:
    try:
        _tonic_dataset(folder, train)
    except (OSError, RuntimeError, http.client.HTTPException, zipfile.BadZipFile) as error:
        # tonic raises whatever its parts do: URLError is an OSError, a wrong checksum a RuntimeError.
        path = folder / _FILES[train]
        raise FileNotFoundError(
            f"{path} does not exist and could not be downloaded ({error}): "
            "connect to the network, put the file there, or use the synthetic data set"
        ) from error


def _tonic_dataset(folder: Path, train: bool) -> Any:
    """The set in tonic's hands: downloaded if the HDF5 file is missing, and only then."""
    from tonic.datasets import SHD  # here, for only this data set needs it

    def check_exists(dataset: Any) -> bool:
        # tonic would ask for the downloaded archive and for any HDF5 file: it would then take the training set as
        # proof of the test set, and write over a file whose archive was deleted.
        return Path(dataset.location_on_system, dataset.data_filename).is_file()

    # tonic names its folder after the class.
    return type(folder.name, (SHD,), {"_check_exists": check_exists})(save_to=str(folder.parent), train=train)


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
