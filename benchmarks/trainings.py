"""Finished trainings of ``gradlab.bench``, for benchmarks that look at trained networks."""

from typing import NamedTuple

from gradlab import bench, configuration
from gradlab.data import Splits, load
from gradlab.methods.options import make_method
from gradlab.training.loop import Trainer
from gradlab.training.result import Result

from .sweeps import only_method


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
    """Take a training from its checkpoint in OUT/checkpoints, which ``gradlab.bench`` writes; train what is missing.

    Raises:
        ValueError: for several methods at once, an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C; the training so far is kept.
    """
    name = only_method(config, "training")
    configuration.check(config)
    splits = load(config.dataset, config.data_dir, config.validation_groups)
    network = configuration.network_of(config, splits.train)
    trainer = Trainer(network, config.training, make_method(name, config.options))
    result = bench.trained(trainer, splits, bench.checkpoint_of(config, trainer, splits), config.resume)
    if result.status == "interrupted":
        raise KeyboardInterrupt
    return Training(trainer, splits, result)
