"""What benchmarks on the workload have in common; without JAX, which they import only when the cores are chosen."""

from dataclasses import dataclass
from pathlib import Path

from gradlab.command import RUNS
from solvers.fields import Count, Positive, Seed, check_fields


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

    hidden: Count = 256
    batch_size: Count = 32
    inputs: Count = 700
    outputs: Count = 20
    input_rate: Positive = 11.4
    hidden_rate: Positive = 10.0
    duration: Positive = 1.0
    dt: Positive = 1e-3
    repeats: Count = 15
    seed: Seed = 0
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
