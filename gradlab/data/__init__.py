"""Data sets of labelled spike trains, in memory, and their batches.

A new data set is one file and one line in ``DATASETS``.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from .augment import Augmentation as Augmentation
from .augment import Changes as Changes
from .dataset import SpikeData as SpikeData
from .dataset import batch as batch
from .dataset import epoch_batches as epoch_batches
from .dataset import evaluation_batches as evaluation_batches
from .delay_line import delayed as delayed
from .pooling import pooled as pooled
from .shd import is_downloaded
from .shd import load_shd as load_shd
from .splits import Splits as Splits
from .splits import by_speaker as by_speaker
from .synthetic import make_synthetic as make_synthetic

DEFAULT_FOLDER = Path("data")
# One training speaker, in both sets. In SHD number 8 speaks about a tenth of the training set, and about 40 times each
# digit in each language, so that a validation accuracy weighs all classes alike; 4 and 5 speak in the test set only.
VALIDATION_SPEAKERS = (8,)

# Each gives (train, test) from the folder for downloads.
DATASETS: dict[str, Callable[[Path], tuple[SpikeData, SpikeData]]] = {
    "shd": lambda folder: load_shd(folder, download=True),
    "synthetic": lambda folder: make_synthetic(),
}


def load(
    name: str = "auto",
    data_dir: str | Path | None = None,
    validation_speakers: Sequence[int] = VALIDATION_SPEAKERS,
) -> Splits:
    """A data set by its name, ready to train on.

    Args:
        name: a key of ``DATASETS``, or "auto": SHD if ``data_dir`` is given or SHD is in the default folder,
            otherwise the synthetic set. Only "shd" downloads.
        data_dir: where SHD is, or is downloaded to; by default ``data`` in the working directory.
        validation_speakers: speakers of the training set to hold out, possibly none.

    Returns:
        The three parts; their ``name`` tells which data set they are.

    Raises:
        FileNotFoundError: if SHD is asked for and neither there nor to be had.
        ValueError: for an unknown name or speaker, or a damaged file.
    """
    folder = DEFAULT_FOLDER if data_dir is None else Path(data_dir)
    if name == "auto" and data_dir is not None:
        train, test = load_shd(folder)
    elif name == "auto":
        train, test = DATASETS["shd" if is_downloaded(folder) else "synthetic"](folder)
    elif name in DATASETS:
        train, test = DATASETS[name](folder)
    else:
        raise ValueError(f"data set is {name!r}, expected one of {', '.join(['auto', *DATASETS])}")
    if not validation_speakers:
        return Splits(train, None, test)
    return Splits(*by_speaker(train, validation_speakers), test)
