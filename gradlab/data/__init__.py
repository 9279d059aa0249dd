"""Data sets of labelled spike trains, in memory, and their batches.

A new data set is one file and one line in ``DATASETS``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .augment import Augmentation as Augmentation
from .augment import AugmentationConfig as AugmentationConfig
from .batches import Sampler as Sampler
from .batches import batch as batch
from .batches import encoded_batch as encoded_batch
from .batches import epoch_batches as epoch_batches
from .batches import evaluation_batches as evaluation_batches
from .dataset import SpikeData as SpikeData
from .description import DataSet as DataSet
from .digits import DIGITS
from .digits import load_digits as load_digits
from .input_rate import with_input_rate as with_input_rate
from .matching import check_match as check_match
from .matching import check_splits as check_splits
from .mnist import MNIST
from .mnist import load_mnist as load_mnist
from .nmnist import NMNIST
from .own import from_frame as from_frame
from .own import from_lists as from_lists
from .own import own_splits as own_splits
from .own import read_file as read_file
from .randman import RANDMAN
from .randman import make_randman as make_randman
from .random_labels import RANDOM_LABELS
from .random_labels import make_random_labels as make_random_labels
from .shd import SHD
from .shd import load_shd as load_shd
from .splits import Splits as Splits
from .splits import by_group as by_group
from .ssc import SSC
from .ssc import load_ssc as load_ssc
from .synthetic import SYNTHETIC
from .synthetic import make_synthetic as make_synthetic
from .tonic_sets import from_tonic as from_tonic
from .yin_yang import YIN_YANG
from .yin_yang import make_yin_yang as make_yin_yang

DEFAULT_FOLDER = Path("data")
AUTO = "auto"

# With "auto", the first one whose files are there is taken, or else the first one that needs none.
DATASETS: dict[str, DataSet] = {
    "shd": SHD,
    "synthetic": SYNTHETIC,
    "yin-yang": YIN_YANG,
    "randman": RANDMAN,
    "random-labels": RANDOM_LABELS,
    "digits": DIGITS,
    "mnist": MNIST,
    "ssc": SSC,
    "n-mnist": NMNIST,
}
if TYPE_CHECKING:
    DataSetName = str
else:
    DataSetName = Literal[(AUTO, *DATASETS)]


def chosen_dataset(name: str = AUTO, data_dir: str | Path | None = None) -> str:
    """The name in ``DATASETS`` that a choice means.

    Args:
        name: a key of ``DATASETS``, or "auto": the first set that is read from files if ``data_dir`` is given or its
            files are in the default folder; otherwise the first one that needs no files.
        data_dir: where files are.

    Raises:
        ValueError: for an unknown name.
    """
    if name in DATASETS:
        return name
    if name != AUTO:
        raise ValueError(f"data set is {name!r}, expected one of {', '.join([AUTO, *DATASETS])}")
    for each, known in DATASETS.items():
        if known.is_in is not None and (data_dir is not None or known.is_in(DEFAULT_FOLDER)):
            return each
    return next(each for each, known in DATASETS.items() if known.is_in is None)


def load(
    name: str = AUTO, data_dir: str | Path | None = None, validation_groups: Sequence[int | str] | None = None
) -> Splits:
    """A data set by its name, ready to train on.

    Args:
        name: as for ``chosen_dataset``. Only a set that is asked for by its own name is downloaded.
        data_dir: where its files are, or are downloaded to; by default ``data`` in the working directory.
        validation_groups: groups, such as speakers, of the training set to hold out, possibly none; by default the
            set's own validation part or, if it has none, the groups that suit it.

    Returns:
        The three parts; their ``name`` tells which data set they are.

    Raises:
        FileNotFoundError: if files are asked for and neither there nor to be had.
        ValueError: for an unknown name or group, a set without groups, or a damaged file.
    """
    known = DATASETS[chosen_dataset(name, data_dir)]
    folder = DEFAULT_FOLDER if data_dir is None else Path(data_dir)
    splits = known.load(folder, name != AUTO)
    held_out = known.held_out if validation_groups is None else validation_groups
    if validation_groups is None and splits.validation is not None:
        return splits
    if not held_out:
        return splits._replace(validation=None)
    return Splits(*by_group(splits.train, held_out), splits.test)
