"""Settings of the benchmark."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import jax
from annotated_types import MinLen

from solvers.fields import Count, Counts, Seed

from ..data_settings import DataSettings

Part = Literal["correctness", "times", "memory", "repeats", "atomics", "epoch"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Config(DataSettings):
    """What a GPU does: correctness, times, memory, reproducibility, an epoch.

    Attributes:
        parts: what to measure, in this order.
        networks: random ones, for the correctness.
        hidden: recurrent neurons, where they are not swept.
        batch_size: samples, likewise.
        batches: sizes to sweep over.
        neurons: likewise.
        repeats: timed calls of each gradient, at most; fewer of what takes long.
        epoch_samples: of the training set that the epoch goes through, at most.
        seed: of networks and input.
    """

    parts: Annotated[tuple[Part, ...], MinLen(1)] = PARTS
    networks: Count = 10
    hidden: Count = 256
    batch_size: Count = 256
    batches: Counts = (2, 16, 64, 256, 1024)
    neurons: Counts = (128, 256, 512, 1024)
    repeats: Count = 15
    epoch_samples: Count = 8192
    seed: Seed = 0


def require_gpu() -> None:
    """Refuse to measure without a GPU.

    Raises:
        ValueError: says what there is, and what to install.
    """
    if jax.default_backend() != "gpu":
        raise ValueError(
            f"JAX computes on {jax.default_backend()} here, expected a GPU: on a machine with one from NVIDIA, "
            "pip install 'gradlab[gpu]'"
        )
