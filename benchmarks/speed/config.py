"""Settings of the benchmark; without JAX, which may be imported only when the cores are chosen."""

from dataclasses import dataclass
from typing import Literal

from solvers.fields import NotNegative

from ..settings import WorkloadSettings


@dataclass(frozen=True)
class Config(WorkloadSettings):
    """Time and memory of one gradient by every method, on one core.

    Attributes:
        delay: of recurrent transmission [s].
        cores: one, or all that there are.
    """

    delay: NotNegative = 1e-3
    cores: Literal["one", "all"] = "one"
