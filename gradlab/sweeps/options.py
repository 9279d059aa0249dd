"""The options of ``gradlab sweep``, and the command lines of ``gradlab train`` that they stand for."""

import dataclasses
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import tyro

from solvers.fields import Count, check_fields

from .. import configuration
from ..command import RUNS, parsed
from ..configuration import MethodChoice
from ..training.presets import PresetName

LOCAL, SLURM = "local", "slurm"
_PROCESSES = ("coordinator", "processes", "process-id")
#: Options of a training that are not for ``set``.
_OWN = ("preset", "method", "seed", "out", "resume", "json", "help", *_PROCESSES)
_SWITCH = {"True": "--{}", "False": "--no-{}"}
_MOST = 10_000  # runs; a sweep of more is most likely a mistake


@dataclass(frozen=True)
class Config:
    """Train every combination of presets, methods, seeds and values of options, each in a process of its own.

    What is finished is skipped, and what was stopped goes on, so that the same line continues a sweep. The exit status
    is 0 if all runs are finished at the end, and 1 if some are not.

    Attributes:
        presets: named sets of options, as in gradlab train --preset; without one, what suits the data set.
        methods: as in gradlab train --method.
        seeds: such as 0-9, or 0,3,5.
        set: other options of gradlab train, as NAME=VALUE, or NAME=VALUE,VALUE for each of several values. A switch is
            True or False; the numbers of one value have spaces between them, as in "hidden=64 64,128".
        launcher: local starts workers on this machine, slurm an array of jobs on a cluster.
        workers: trainings at a time; by default one for each core of this machine, and 256 with slurm.
        threads: cores of each; by default its share of this machine's, and one with slurm.
        tries: times in a row that a run may fail or be killed before it has completed another epoch.
        time_limit: minutes of a job of slurm, after which its training goes on in another one.
        slurm: options of sbatch as NAME=VALUE, such as partition=gpu gpus_per_node=1 mem=8GB; only with slurm.
        dry_run: list the runs and their states, and start nothing.
        out: folder of the runs.
    """

    presets: Annotated[tuple[PresetName, ...], tyro.conf.Positional] = ()
    methods: tuple[MethodChoice, ...] = configuration.Config.method
    seeds: str = "0"
    set: tuple[str, ...] = ()
    launcher: Literal["local", "slurm"] = "local"
    workers: Count | None = None
    threads: Count | None = None
    tries: Count = 3
    time_limit: Count = 240
    slurm: tuple[str, ...] = ()
    dry_run: bool = False
    out: Path = RUNS

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
        if self.slurm and self.launcher != SLURM:
            raise ValueError(f"slurm is {' '.join(self.slurm)}, but the launcher is {self.launcher}: leave one out")


class Line(NamedTuple):
    """The options of one training.

    Attributes:
        config: as the parser of ``gradlab train`` reads them.
        arguments: as they are written.
    """

    config: configuration.Config
    arguments: tuple[str, ...]


def lines(config: Config) -> Iterator[Line]:
    """The trainings of a sweep, in the order in which they are started.

    Raises:
        ValueError: for seeds or settings that make no sense, or more runs than a sweep has.
        SystemExit: for what the parser of ``gradlab train`` refuses, which it says.
    """
    seeds = seeds_of(config.seeds)
    settings = [choices(each) for each in config.set]
    twice = [name for name, _ in settings if [other for other, _ in settings].count(name) > 1]
    if twice:
        raise ValueError(f"set names {twice[0]} twice: give all its values at once, as {twice[0]}=VALUE,VALUE")
    presets: list[tuple[str, ...]] = [("--preset", name) for name in config.presets] or [()]
    combinations = list(itertools.product(presets, *(words for _, words in settings)))
    _refuse_more(len(combinations) * len(seeds))
    for words in combinations:
        given = (*itertools.chain(*words), "--out", str(config.out))
        base = parsed(
            "gradlab train", configuration.Config, ["--method", *config.methods, *given],
            default=configuration.configured_by(given),
        )  # fmt: skip
        for method, seed in itertools.product(base.methods, seeds):
            training = dataclasses.replace(base.training, seed=seed)
            yield Line(
                dataclasses.replace(base, method=(method,), training=training),
                (*given, "--method", method, "--seed", str(seed), "--resume"),
            )


def seeds_of(text: str) -> tuple[int, ...]:
    """Seeds as they are written: numbers and ranges, such as ``0-9`` or ``0,3,5-7``; each once.

    Raises:
        ValueError: if they are not.
    """
    found: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", part.strip(), re.ASCII)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise ValueError(f"seeds are {text!r}, expected numbers and ranges such as 0-9 or 0,3,5")
        several = range(int(match[1]), int(match[2] or match[1]) + 1)
        _refuse_more(len(found) + len(several))
        found |= dict.fromkeys(several)
    return tuple(found)


def choices(setting: str) -> tuple[str, list[tuple[str, ...]]]:
    """The name in ``NAME=VALUE,VALUE``, and the words of a command line for each value.

    Raises:
        ValueError: if it has another form, or names what the sweep gives itself.
    """
    name, equals, values = setting.partition("=")
    option = name.strip().replace("_", "-")
    if not equals or not re.fullmatch(r"[a-z][a-z0-9-]+", option):
        raise ValueError(f"set is {setting!r}, expected NAME=VALUE,VALUE, such as learning_rate=1e-3,4e-3")
    if option in _OWN:
        raise ValueError(f"set names {option}, which is no option of single runs here: see gradlab sweep --help")
    found: list[tuple[str, ...]] = []
    for value in values.split(","):
        if value.strip() in _SWITCH:
            found.append((_SWITCH[value.strip()].format(option),))
        else:
            found.append((f"--{option}", *value.split()))
    return option, found


def _refuse_more(runs: int) -> None:
    if runs > _MOST:
        raise ValueError(f"these are {runs} runs of each method, expected at most {_MOST}: make several sweeps")
