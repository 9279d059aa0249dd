"""The runs of a sweep: which folder each has, found before anything is started."""

import multiprocessing
import shlex
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import bench
from ..configuration import check, network_of, splits_of
from ..data import Splits
from ..methods.options import make_method
from ..runs import RunFolder
from ..training.loop import Trainer
from .options import Line


@dataclass(frozen=True)
class Run:
    """One training of a sweep.

    Attributes:
        path: of its folder, whose name has the hash of all that determines what is in it.
        arguments: of ``gradlab train``.
        epochs: that it is to have, at most.
    """

    path: Path
    arguments: tuple[str, ...]
    epochs: int

    @property
    def folder(self) -> RunFolder:
        """Its folder."""
        return RunFolder(self.path)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        record = self.folder.record()
        return record is not None and record["status"] == "ok"


def planned(lines: Iterable[Line]) -> list[Run]:
    """``plan`` in a process of its own, which takes with it the data and what JAX holds of an accelerator."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(plan, list(lines)).result()


def plan(lines: Iterable[Line]) -> list[Run]:
    """The runs that command lines stand for, each once: values that its method ignores make no other run.

    Raises:
        ValueError: for a run that is impossible; says which.
        OSError: for data that are not there.
    """
    runs: dict[Path, Run] = {}
    known: dict[Any, Splits] = {}
    for config, arguments in lines:
        data = config.dataset, config.data_dir, config.data, config.test_data, config.validation_groups
        try:
            check(config)
            splits = known[data] if data in known else known.setdefault(data, splits_of(config))
            network, (name,) = network_of(config, splits.train), config.methods
            trainer = Trainer(network, config.training, make_method(name, config.options))
            trainer.check(splits)
        except ValueError as error:
            raise ValueError(f"gradlab train {shlex.join(arguments)}: {error}") from error
        path = bench.folder_of(config, trainer, splits).path
        runs.setdefault(path, Run(path, arguments, config.training.epochs))
    return list(runs.values())
