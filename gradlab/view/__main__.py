"""``python -m gradlab.view``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from solvers.fields import CountOrNone, NotNegative, check_fields

from ..command import exit_with, parsed, with_clear_errors
from ..data import DATASETS, SpikeData, load, own_splits
from ..models import Model
from ..models import load as load_model
from ..reporting.style import save
from ..runs import FIGURES


@dataclass(frozen=True)
class Config:
    """Draw one recording: input, hidden spikes, voltages in both simulators, readout, and the adjoint.

    Attributes:
        run: folder of a run, or its params.npz.
        sample: number of the recording in the test set, from 0 on.
        data: file of the recordings that the run was trained on, if they are your own.
        test_data: file of those that it was tested on, if there was one.
        data_dir: folder with the files of the data set that the run was trained on, or their parent.
        window: from when to when the close-up is [s]; by default where the hidden layer spikes most.
        format: of the picture.
        out: the picture; by default view-sample-NUMBER in the figures of the run.
    """

    run: Annotated[Path | None, tyro.conf.Positional] = None
    sample: CountOrNone = 0
    data: Path | None = None
    test_data: Path | None = None
    data_dir: Path | None = None
    window: tuple[NotNegative, NotNegative] | None = None
    format: Literal["png", "pdf", "svg"] = "png"
    out: Path | None = None

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def test_set(model: Model, config: Config) -> SpikeData:
    """The test set of the data that a network was trained on.

    Raises:
        ValueError: if they are none of the registered ones.
        OSError: if its files are not there.
    """
    if config.data is not None:
        return own_splits(config.data, config.test_data).test
    if model.data not in DATASETS:
        raise ValueError(
            f"the run was trained on data {model.data!r}, expected one of {', '.join(DATASETS)}: name the file "
            "of your own as --data"
        )
    return load(model.data, config.data_dir).test


def draw(config: Config) -> Path:
    """Draw and save; returns where.

    Raises:
        ValueError: for a run, a recording or a window that is none.
        OSError: if something cannot be read or written.
    """
    if config.run is None:
        raise ValueError("no run is named, expected the folder of a run, see gradlab list")
    model = load_model(config.run)
    data = test_set(model, config)
    if config.sample >= len(data):
        raise ValueError(f"sample is {config.sample}, expected one of the {len(data)} of the test set, from 0 on")
    figure = model.plot(data.sample(config.sample), int(data.labels[config.sample]), config.window)
    folder = config.run if config.run.is_dir() else config.run.parent
    path = config.out or folder / FIGURES / f"view-sample-{config.sample}.{config.format}"
    save(figure, path)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def work() -> int:
        print(f"drawn: {draw(parsed('gradlab view', Config, arguments))}")
        return 0

    return with_clear_errors(work)


if __name__ == "__main__":
    exit_with(main())
