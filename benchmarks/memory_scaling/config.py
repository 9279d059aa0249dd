"""Settings of the benchmark."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gradlab.command import RUNS

from .problems import Size


@dataclass(frozen=True)
class Config:
    """How the memory of a gradient grows with the size of the problem, for each method.

    Attributes:
        hidden: recurrent neurons, where they are not swept; likewise the following.
        batch_size: samples.
        duration: of a recording [s].
        dt: step of the time grid, for BPTT [s].
        hidden_rate: that the hidden neurons are tuned to [Hz].
        processes: sweeps that are also measured on this machine, each point and method in a process of its own.
        h100: compile for an H100 too.
        points: of each sweep, at most.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    hidden: int = 256
    batch_size: int = 32
    duration: float = 1.4
    dt: float = 1e-3
    hidden_rate: float = 10.0
    processes: tuple[Literal["duration", "dt", "hidden", "batch_size", "hidden_rate"], ...] = ("duration",)
    h100: bool = True
    points: int = 4
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse what gives no slope."""
        if self.points < 2:
            raise ValueError(f"points is {self.points}, expected at least 2: a slope needs them")

    @property
    def base(self) -> Size:
        """The size around which is swept."""
        return Size(self.hidden, self.batch_size, self.duration, self.duration, self.dt, self.hidden_rate)
