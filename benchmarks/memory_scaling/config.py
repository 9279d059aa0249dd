"""Settings of the benchmark."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Interval

from gradlab.command import RUNS
from solvers.fields import LARGEST, Count, Positive, check_fields

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
        trained_rooms: EventProp there with the room of trained networks too: for the busiest sample, and how many
            spikes a sample has on the mean, from which the pool follows. By default those of ``shd-200`` and
            ``shd-256`` in the records of ``benchmarks.trained_speed``.
        points: of each sweep, at most; a slope needs two.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    hidden: Count = 256
    batch_size: Count = 32
    duration: Positive = 1.4
    dt: Positive = 1e-3
    hidden_rate: Positive = 10.0
    processes: tuple[Literal["duration", "dt", "hidden", "batch_size", "hidden_rate"], ...] = ("duration",)
    h100: bool = True
    trained_rooms: tuple[tuple[Count, Count], ...] = ((8192, 3025), (16384, 3635))
    points: Annotated[int, Interval(ge=2, le=LARGEST)] = 4
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)

    @property
    def base(self) -> Size:
        """The size around which is swept."""
        return Size(self.hidden, self.batch_size, self.duration, self.duration, self.dt, self.hidden_rate)
