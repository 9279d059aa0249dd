"""The folder of one run: all that a training writes, in a place that no other configuration has."""

import glob
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..reporting import records
from ..training import archive, files
from ..training.json_types import digest

LAYOUT = 1  # of config.json
_CONFIG, _CHECKPOINT, _PARAMS = "config.json", "checkpoint.npz", "params.npz"
FIGURES, RASTER = "figures", "raster"  # the folder of figures; the spikes of one sample, among the samples of a record


def is_run(path: Path) -> bool:
    """Whether there is the folder of a run, or of a comparison."""
    return (path / _CONFIG).is_file()


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run: ``config.json, record.json, checkpoint.npz, params.npz, figures/``.

    Attributes:
        path: of the folder.
    """

    path: Path

    @classmethod
    def of(cls, out: Path, name: str, configuration: Mapping[str, Any]) -> "RunFolder":
        """The folder for a configuration; its name holds a digest of that, so that others never get the same one.

        Args:
            out: folder of all runs.
            name: what it is about, for people; of what no folder may be called, an underscore takes the place.
            configuration: JSON types; everything that determines what is in the folder.
        """
        allowed = re.sub(r"[^\w.+-]", "_", name)
        return cls(out / f"{allowed}-{digest(configuration)}")

    @property
    def checkpoint(self) -> Path:
        """The whole state of the training after its last completed epoch."""
        return self.path / _CHECKPOINT

    @property
    def params(self) -> Path:
        """The trained network."""
        return self.path / _PARAMS

    @property
    def alike(self) -> str:
        """Pattern of the folders of other configurations under the same name."""
        name, _, number = self.path.name.rpartition("-")
        return f"{glob.escape(name)}-{'[0-9a-f]' * len(number)}"

    @contextmanager
    def held(self, configuration: Mapping[str, Any]) -> Iterator[None]:
        """Be the only process that works in the folder, which is made if it is not there, with its configuration.

        If nothing else is in it at the end, it is removed.

        Raises:
            ValueError: if the folder has another configuration.
            OSError: if another process works in it, or it cannot be written to.
        """
        config = self.path / _CONFIG
        wanted = json.dumps({"layout": LAYOUT, "configuration": configuration}, indent=1, sort_keys=True) + "\n"
        try:
            with files.in_charge_of_folder(self.path):
                if not config.exists():
                    files.replace(config, wanted.encode())
                elif config.read_text() != wanted:
                    raise ValueError(f"{config} is of another run: remove {self.path}, or choose another folder")
                try:
                    yield
                finally:
                    if {path.name for path in self.path.iterdir()} <= {_CONFIG, files.LOCK}:
                        config.unlink()
        finally:
            with suppress(OSError):  # if anything is in it
                self.path.rmdir()

    def epochs(self) -> int | None:
        """How many the checkpoint has complete; None if there is none, or it cannot be read."""
        try:
            epochs = archive.read(self.checkpoint, self.checkpoint.stat().st_size)[0]["progress"]["epochs"]
        except (ValueError, OSError, KeyError, TypeError):
            return None
        return epochs if isinstance(epochs, int) else None

    def record(self) -> dict[str, Any] | None:
        """What was measured; None if nothing was, or it cannot be read."""
        try:
            found = records.read(self.path / records.OF_RUN)
        except FileNotFoundError:
            return None
        return found[0] if len(found) == 1 else None

    def write_record(self, record: Mapping[str, Any], resumed: bool) -> None:
        """Write the record; that of an earlier start, and any of a finished training, is kept beside it.

        Args:
            record: as from ``records.make_record``.
            resumed: whether the run went on from its checkpoint, so that the record takes the place of its earlier one.

        Raises:
            OSError: if it cannot be written.
        """
        path, before = self.path / records.OF_RUN, self.record()
        if path.exists() and not (resumed and before and before["status"] != "ok"):
            files.keep_aside(path)
        files.replace(path, records.line(record))
