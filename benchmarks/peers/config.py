"""Settings of the benchmark; without JAX, which may be imported only when the core is chosen."""

from dataclasses import dataclass
from pathlib import Path

from ..settings import WorkloadSettings, require_positive
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
    rounds: int = 3
    repeats: int = 5

    def __post_init__(self) -> None:
        """Refuse impossible settings that no one else looks at."""
        super().__post_init__()
        require_positive(self, "rounds")
