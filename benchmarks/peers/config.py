"""Settings of the benchmark; without JAX, which may be imported only when the core is chosen."""

from dataclasses import dataclass
from pathlib import Path

from solvers.fields import Count

from ..settings import WorkloadSettings
from .environments import PEERS, Peer


@dataclass(frozen=True)
class Config(WorkloadSettings):
    """Time and memory of one gradient, ours and other libraries', on one core.

    Attributes:
        peers: the other libraries.
        environments: folder with the virtual environment of each.
        install: make the environments that are not there yet.
        rounds: fresh processes of each contestant.
    """

    peers: tuple[Peer, ...] = PEERS
    environments: Path = Path("build/peers")
    install: bool = False
    rounds: Count = 3
    repeats: Count = 5
