"""Finished trainings of ``gradlab.bench``, for benchmarks that look at trained networks."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from gradlab import bench, configuration
from gradlab.command import Command
from gradlab.data import Splits
from gradlab.loggers.log import Log
from gradlab.training.loop import Trainer
from gradlab.training.result import Result

from .sweeps import only_method


@dataclass(frozen=True)
class TrainingConfig(configuration.Config):
    """Options of ``gradlab.bench``, for what looks at a training.

    Attributes:
        resume: take the training from its folder in OUT, where ``gradlab.bench`` puts it, or go on with it.
    """

    resume: bool = True


Settings = TypeVar("Settings", bound=TrainingConfig)


def main(command: Command[Settings], settings: Callable[..., Settings], *usual: str, **changes: Any) -> int:
    """The command line of such a benchmark, with what suits the preset or data set that it names; its exit status.

    Args:
        command: that it is of.
        settings: its dataclass.
        usual: options that name a preset or data set, which those of the command line replace.
        changes: of the settings; options take precedence.
    """
    # Of two of one option, the last one counts.
    named = configuration.configured_by([*usual, *sys.argv[1:]])
    return command.main(default=settings(**vars(named) | {"resume": True} | changes))


class Training(NamedTuple):
    """A training that has ended.

    Attributes:
        trainer: that did it.
        splits: its data.
        result: of it.
    """

    trainer: Trainer
    splits: Splits
    result: Result


def training_of(config: configuration.Config) -> Training:
    """Take a training from its folder in OUT, where ``gradlab.bench`` puts it; train what is missing.

    Raises:
        ValueError: for several methods at once, an impossible configuration or damaged data.
        OSError: for data that are not there, a folder that cannot be written to, or a run that is under way.
        KeyboardInterrupt: after Ctrl-C; the training so far is kept.
    """
    name = only_method(config, "training")
    configuration.check(config)
    splits = configuration.splits_of(config)
    network = configuration.network_of(config, splits.train)
    trainer = configuration.trainer_of(config, network, name)
    folder = bench.folder_of(config, trainer, splits)
    settings = bench.configuration_of(config, trainer, splits)
    with folder.held(settings), Log(config.log, folder.path, settings) as log:
        result, _ = bench.trained(trainer, splits, folder, config.resume, log)
    if result.status == "interrupted":
        raise KeyboardInterrupt
    return Training(trainer, splits, result)
