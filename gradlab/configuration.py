"""The options of the main command: which data, network, training and methods; and what suits a preset or data set."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from solvers.fields import check_fields

from .command import RUNS
from .data import AUTO, DATASETS, DataSetName, SpikeData, Splits, chosen_dataset, load, own_splits
from .loggers import LoggerName
from .loggers.log import require
from .measuring.evaluation import reference_method
from .methods import METHODS
from .methods.options import MethodOptions, make_method
from .networks.network import Network
from .networks.settings import NetworkSettings
from .training.config import TrainConfig
from .training.loop import Trainer
from .training.objective import Objective
from .training.presets import PRESETS, PresetName
from .training.processes import Placement

ALL, BOTH = "all", "both"  # all methods; the first exact one and the first other one
if TYPE_CHECKING:
    MethodChoice = str
else:
    MethodChoice = Literal[(*METHODS, ALL, BOTH)]


@dataclass(frozen=True)
class Config:
    """Train one recurrent spiking network with exact or with surrogate gradients, and measure both.

    Attributes:
        preset: named set of options, see gradlab/training/presets.py; options that are given take precedence.
        method: one or several, which train in turn from the same initial weights: eventprop (continuous time, exact
            gradients), bptt (time grid, surrogate gradients), both of these, or all that there are.
        dataset: shd, ssc, mnist and n-mnist are downloaded if there is a network; the others need no download; auto
            takes SHD if it is there, else the synthetic set.
        data: file of your own recordings in place of a data set, see gradlab/data/own.py.
        test_data: file of those to test on; by default a fifth of the recordings of each class in ``data``.
        data_dir: folder with the files of the data set, or their parent; where they are downloaded to.
        validation_groups: groups, such as speakers, of the training set that are held out, to choose settings by; none
            with no number.
        network: the network.
        training: training, for all methods.
        options: of the methods.
        placement: devices and processes.
        resume: go on with a training that was stopped, from the checkpoint in its folder, which is written after each
            epoch; of one that is finished nothing is done again. Without it, a training starts anew, and the checkpoint
            and the record of the one before are kept beside its own.
        out: folder of the runs; each training has a folder of its own in it, named after its configuration.
        json: print the record as one JSON object in the last line.
        log: loggers that follow the training: none, one or several of tensorboard, wandb and mlflow. Their files are in
            ``log`` in its folder. Each needs a package: pip install 'gradlab[tensorboard]', and so on.
    """

    preset: PresetName | None = None
    method: tuple[MethodChoice, ...] = (next(iter(METHODS)),)
    dataset: DataSetName = AUTO
    data: Path | None = None
    test_data: Path | None = None
    data_dir: Path | None = None
    validation_groups: Annotated[tuple[int | str, ...] | None, tyro.conf.arg(aliases=["--validation-speakers"])] = None
    network: Annotated[NetworkSettings, tyro.conf.arg(name="")] = field(default_factory=NetworkSettings)
    training: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)
    options: Annotated[MethodOptions, tyro.conf.arg(name="")] = field(default_factory=MethodOptions)
    placement: Annotated[Placement, tyro.conf.arg(name="")] = field(default_factory=Placement)
    resume: bool = False
    out: Path = RUNS
    json: bool = False
    log: tuple[LoggerName, ...] = ()

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
        if self.data is None and self.test_data is not None:
            raise ValueError("test_data are given, but no data to train on: name both")

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of the methods to train with, each once."""
        exact = reference_method(METHODS)
        both = [name for name in (exact, next((m for m in METHODS if not METHODS[m].exact), None)) if name is not None]
        meant = {ALL: list(METHODS), BOTH: both}
        return tuple(dict.fromkeys(name for choice in self.method for name in meant.get(choice, [choice])))

    def describe(self, data: SpikeData) -> str:
        """The name of a training in file names, but for its method."""
        layers = "x".join(map(str, self.network.hidden))
        return f"{self.preset or f'{data.name}-{layers}'}-seed{self.training.seed}"


def configure(
    preset: str | None = None, dataset: str | None = None, data_dir: Path | None = None, data: Path | None = None
) -> Config:
    """The configuration of a preset or a data set: what suits the data, and what the preset names.

    Args:
        preset: key of ``PRESETS``, or None.
        dataset: key of ``DATASETS``, "auto", or None for that of the preset.
        data_dir: where its files are.
        data: file of one's own recordings in its place, which nothing is known of.
    """
    named = PRESETS[preset] if preset is not None else None
    dataset = dataset or (named.dataset if named else AUTO)
    network: dict[str, Any] = {}
    training: dict[str, Any] = {}
    options: dict[str, Any] = {}
    groups: tuple[int, ...] | None = None
    if data is None:
        known = DATASETS[chosen_dataset(dataset, data_dir)]
        network, training = dict(known.network), dict(known.training)
        groups = known.held_out or None
    if named is not None:
        network, training, groups = network | named.network, training | named.training, named.validation_groups
        options = named.options
    return Config(
        preset=preset, dataset=dataset, data=data, data_dir=data_dir, validation_groups=groups,
        network=NetworkSettings(**network), training=TrainConfig(**training), options=MethodOptions(**options),
    )  # fmt: skip


def configured_by(arguments: Sequence[str]) -> Config:
    """``configure`` for the preset, data set and folder that options name; the parser of all options refuses others."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset", choices=PRESETS)
    parser.add_argument("--dataset", choices=(AUTO, *DATASETS))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--data-dir", "--data_dir", type=Path)
    try:
        named = parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError:
        return Config()
    return configure(named.preset, named.dataset, named.data_dir, named.data)


def splits_of(config: Config) -> Splits:
    """The data that the configuration names. Raises as ``load`` and ``own_splits``."""
    if config.data is None:
        return load(config.dataset, config.data_dir, config.validation_groups)
    return own_splits(config.data, config.test_data, config.validation_groups)


def network_of(config: Config, data: SpikeData) -> Network:
    """The network that the configuration describes, with the data's inputs and classes."""
    return Network(data.inputs, data.classes, **vars(config.network))


def trainer_of(config: Config, network: Network, method: str) -> Trainer:
    """The trainer of one of the methods, on the devices that the configuration names. Raises as ``Trainer``."""
    made = make_method(method, config.options)
    return Trainer(network, config.training, made, mesh=config.placement.mesh)


def check(config: Config) -> None:
    """Refuse an impossible configuration before anything is loaded; options that no chosen method has are ignored.

    Raises:
        ValueError: says what is wrong.
    """
    if not config.methods:
        raise ValueError(f"no method is named, expected one or several of {', '.join([*METHODS, ALL, BOTH])}")
    require(config.log)
    network = Network(1, 1, **vars(config.network))
    kind = Trainer if config.placement == Placement() else Objective  # what fits is known once the devices are
    for name in config.methods:
        kind(network, config.training, make_method(name, config.options))
