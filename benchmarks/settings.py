"""What benchmarks on the workload have in common; without JAX, which they import only when the cores are chosen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradlab.command import RUNS


def require_positive(settings: Any, *names: str) -> None:
    """Raise ValueError for the first of these settings that is not positive."""
    for name in names:
        if not getattr(settings, name) > 0:
            raise ValueError(f"{name} is {getattr(settings, name):g}, expected > 0")


@dataclass(frozen=True)
class WorkloadSettings:
    """Size of the workload, and where the results go.

    Attributes:
        hidden: recurrent neurons.
        batch_size: samples.
        inputs: input channels.
        outputs: classes.
        input_rate: of each input channel [Hz].
        hidden_rate: that the hidden neurons are tuned to by a factor on their input weights [Hz].
        duration: of a sample [s].
        dt: step of the time grid, for methods with one [s].
        repeats: timed calls, of each method and process.
        seed: of input and weights.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    hidden: int = 256
    batch_size: int = 32
    inputs: int = 700
    outputs: int = 20
    input_rate: float = 11.4
    hidden_rate: float = 10.0
    duration: float = 1.0
    dt: float = 1e-3
    repeats: int = 15
    seed: int = 0
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings that no one else looks at."""
        require_positive(self, "batch_size", "input_rate", "hidden_rate", "repeats")
