"""Hands a training to loggers, none of which can harm it."""

import importlib.util
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ..training.callbacks import Epoch, Step
from ..training.json_types import flattened
from . import LOGGERS
from .base import Logger

FOLDER = "log"  # in the folder of a run


def require(names: Sequence[str]) -> None:
    """Refuse loggers whose packages are not installed; nothing is imported.

    Raises:
        ValueError: says which one is missing, and how to install it.
    """
    for name in names:
        for package in LOGGERS[name].packages:
            if importlib.util.find_spec(package) is None:
                raise ValueError(
                    f"log is {name}, which needs the package {package}: pip install 'gradlab[{name}]', or leave out "
                    f"--log {name}"
                )


class Log:
    """Some loggers that follow one training; a context manager.

    They begin with the first thing there is to tell, so that a finished training leaves them as they are. An error of
    one is a warning: the training goes on without it.
    """

    def __init__(self, names: Sequence[str], run: Path, config: Mapping[str, Any]):
        """Bind them.

        Args:
            names: keys of ``LOGGERS``.
            run: folder of the training; each logger has a folder in its ``log``.
            config: of the training.
        """
        self.names, self._run, self._config = list(dict.fromkeys(names)), run, flattened(config)
        self._loggers: dict[str, Logger] = {}
        self._begun = False

    def __enter__(self) -> "Log":
        """Nothing is begun yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let them write out everything."""
        for name, logger in list(self._loggers.items()):
            self._safely(name, logger.close)

    def on_step(self, step: Step) -> None:
        """Tell them of a step."""
        values = {key: value for key, value in step._asdict().items() if key != "number"}
        self._scalars("step", step.number, values, first=step.number)

    def on_epoch(self, epoch: Epoch) -> None:
        """Tell them of an epoch: those of its figures that are one number."""
        self._scalars("epoch", epoch.number, epoch.figures)

    def end(self, record: Mapping[str, Any], figures: Path) -> None:
        """Tell them what was measured, and show them the figures.

        Args:
            record: of the training.
            figures: folder of them.
        """
        self._scalars("end", record["metrics"]["epochs"], record["metrics"])
        for path in sorted(figures.glob("*.png")):
            for name, logger in self._all():
                self._safely(name, logger.figure, path.stem, path)

    def _scalars(self, group: str, at: int, values: Mapping[str, Any], first: int | None = None) -> None:
        numbers = {
            name: float(value) for name, value in values.items()
            if isinstance(value, int | float) and math.isfinite(value)
        }  # fmt: skip
        for name, logger in self._all(first):
            self._safely(name, logger.scalars, group, at, numbers)

    def _all(self, first: int | None = None) -> list[tuple[str, Logger]]:
        """Those that work; the first call begins them."""
        if not self._begun:
            self._begun = True
            for name in self.names:
                self._safely(name, self._begin, name, first)
        return list(self._loggers.items())

    def _begin(self, name: str, first: int | None) -> None:
        folder = self._run.resolve() / FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        self._loggers[name] = LOGGERS[name](folder, self._run.name, self._config, first)

    def _safely(self, name: str, do: Callable[..., object], *arguments: Any) -> None:
        try:
            do(*arguments)
        except Exception as error:  # anything that a foreign package may raise
            self._loggers.pop(name, None)
            said = " ".join(f"{type(error).__name__}: {error}".split())
            warnings.warn(f"{name} no longer follows the training, which goes on: {said}", stacklevel=2)
