"""Settings of the benchmark; without JAX, which may be imported only when the cores are chosen."""

from dataclasses import dataclass
from typing import Literal

from solvers.fields import NotNegative, Positive

from ..settings import WorkloadSettings


@dataclass(frozen=True)
class Config(WorkloadSettings):
    """Time and memory of one gradient by every method, on one core.

    Attributes:
        delay: of recurrent transmission [s].
        longest_delay: of EventProp with delays of each channel and neuron, or of each synapse [s].
        cores: one, or all that there are.
    """

    delay: NotNegative = 1e-3
    longest_delay: Positive = 0.15
    cores: Literal["one", "all"] = "one"
