"""Reads the Heidelberg data sets, one HDF5 file a part: spikes of a cochlea model with 700 channels.

Source: Cramer, Stradmann, Schemmel & Zenke 2022, IEEE Trans. Neural Netw. Learn. Syst. 33:2744. CC BY 4.0.
"""

import http.client
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .dataset import SpikeData
from .hdf5 import read_parts

INPUTS = 700
_TIME_STEP = 2.0**-10  # [s]; times are 16-bit floating-point numbers, which lie on such a grid or a finer one
_ARRAYS = "spikes/times[]", "spikes/units[]", "labels", "extra/speaker"
_BLOCK = 2**22  # bytes of which a checksum is taken at once


@dataclass(frozen=True)
class Recordings:
    """One of these data sets.

    Attributes:
        name: of the set; that of its class in tonic in lower case, and the start of the names of its files.
        classes: number of them.
        parts: by the end of the name of each file, what tonic's class is told to have that one.
        class_names: of all classes in order, or None.
    """

    name: str
    classes: int
    parts: Mapping[str, Mapping[str, Any]]
    class_names: tuple[str, ...] | None = None

    def file(self, part: str) -> str:
        """Name of a file."""
        return f"{self.name}_{part}.h5"

    def folder(self, data_dir: str | Path) -> Path:
        """The folder of the files: ``data_dir`` itself if it holds one, else one inside it, named after the set."""
        data_dir = Path(data_dir).expanduser().resolve()
        here = any((data_dir / self.file(part)).is_file() for part in self.parts)
        return data_dir if here else data_dir / self.name.upper()

    def is_in(self, data_dir: str | Path) -> bool:
        """Whether all files are there."""
        return all((self.folder(data_dir) / self.file(part)).is_file() for part in self.parts)

    def load(self, data_dir: str | Path, download: bool = False) -> list[SpikeData]:
        """All parts, read whole into memory, see ``read_parts``.

        Args:
            data_dir: folder with or for the files, or the folder around one that is named after the set. Files that are
                there are never replaced.
            download: fetch what is missing through tonic, which checks it.

        Raises:
            FileNotFoundError: if a file is missing and is not, or cannot be, downloaded.
            OSError: if a file cannot be opened.
            ValueError: if a file is damaged, differs from the archive beside it, or does not hold what it should.
        """
        folder = self.folder(data_dir)
        return [self._load(folder, part, download) for part in self.parts]

    def _load(self, folder: Path, part: str, download: bool) -> SpikeData:
        path = folder / self.file(part)
        if not path.is_file():
            if not download:
                raise FileNotFoundError(
                    f"{path} does not exist, expected an {self.name.upper()} file: correct the folder or allow download"
                )
            self._download(path, part)
        try:
            _check_archive(path)
            # Not through tonic, which turns seconds into whole microseconds: here the stored float16 seconds are kept,
            # in float32 (exact; float16 cannot even hold 1e6).
            sizes, times, unit_sizes, units, labels, speakers = read_parts(path, _ARRAYS)
        except ValueError as error:
            raise ValueError(f"{error}: move it away and download it again") from error
        try:
            return SpikeData.from_samples(
                self.name, _rows(times, sizes), _rows(units, unit_sizes), labels, speakers, inputs=INPUTS,
                classes=self.classes, time_step=_TIME_STEP, class_names=self.class_names,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def _download(self, path: Path, part: str) -> None:
        try:
            self._tonic_dataset(path.parent, part)
        except (OSError, RuntimeError, http.client.HTTPException, zipfile.BadZipFile) as error:
            # tonic raises whatever its parts do: URLError is an OSError, a wrong checksum a RuntimeError.
            raise FileNotFoundError(
                f"{path} does not exist and could not be downloaded ({error}): "
                "connect to the network, put the file there, or use the synthetic data set"
            ) from error

    def _tonic_dataset(self, folder: Path, part: str) -> Any:
        """The set in tonic's hands: downloaded if the HDF5 file is missing, and only then."""
        from tonic import datasets  # here, for only these data sets need it

        def check_exists(dataset: Any) -> bool:
            # tonic would ask for the downloaded archive and for any HDF5 file: it would then take the training set as
            # proof of the test set, and write over a file whose archive was deleted.
            return Path(dataset.location_on_system, dataset.data_filename).is_file()

        # tonic names its folder after the class.
        kind = type(folder.name, (getattr(datasets, self.name.upper()),), {"_check_exists": check_exists})
        return kind(save_to=str(folder.parent), **self.parts[part])


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
