"""What a logger takes from a training."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar


class Logger(ABC):
    """Writes what it is told where its users look for it; its package is imported when one is made."""

    #: Packages that it needs, by the names under which they are imported.
    packages: ClassVar[tuple[str, ...]]

    @abstractmethod
    def __init__(self, folder: Path, name: str, config: Mapping[str, Any], first: int | None):
        """Begin, or go on where this folder's log ends.

        Args:
            folder: for its files, unless the user has told the logger another place in the logger's own way.
            name: of the training.
            config: of it, one level of dotted names.
            first: number of the first step that follows: above 1 if a training goes on; None if there is no step more.
                What the log holds of this step and of later ones does not count.
        """

    @abstractmethod
    def scalars(self, group: str, at: int, values: Mapping[str, float]) -> None:
        """Take figures of a ``step``, an ``epoch`` or the ``end``.

        Args:
            group: one of these three.
            at: number of the step; of the epoch; at the end of the last epoch.
            values: by name.
        """

    @abstractmethod
    def figure(self, name: str, path: Path) -> None:
        """Take a picture, a PNG file."""

    @abstractmethod
    def close(self) -> None:
        """Write out everything."""


def kept_id(folder: Path, first: int | None) -> str:
    """The name of a log among others, a new one for each training that starts anew, kept in the folder."""
    file = folder / "id"
    if first == 1 or not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(8))
    return file.read_text()
