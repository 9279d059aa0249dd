"""What benchmarks on data sets have in common."""

from dataclasses import dataclass
from pathlib import Path

from gradlab.command import RUNS
from gradlab.data import AUTO, DataSetName
from solvers.fields import check_fields


@dataclass(frozen=True)
class DataSettings:
    """Which data a benchmark takes, and where the results go.

    Attributes:
        dataset: one of the registered sets, or auto: SHD if it is there, else the synthetic set.
        data_dir: folder with the files of the data set, or their parent.
        out: folder for records and figures.
        json: print the record as one JSON object in the last line.
    """

    dataset: DataSetName = AUTO
    data_dir: Path | None = None
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
