"""A whole search: what must be the same for all methods, the trials, their record and figure."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from optuna import get_all_study_names
from optuna.trial import FrozenTrial

from .. import configuration
from ..command import Outcome, Record, draw, prepare, record_of
from ..data import Splits
from ..methods import METHODS
from ..reporting import records
from ..reporting.style import label_of
from ..runs import RunFolder
from ..training.json_types import to_json
from .command_line import train_command
from .config import Config
from .evaluation import Evaluation
from .figure import table, tuning
from .history import history_of, summary_of
from .search import Effort, search, study_of
from .space import SPACE, given_values
from .storage import opened, patiently, url_of

_NAME, _JOURNAL = "tune", "journal.log"


def tune(config: Config) -> Record:
    """Search, print, record, draw.

    Returns:
        The record: of all methods that this search has in its storage, also from other calls.

    Raises:
        ValueError: for an impossible configuration, data of which nothing is held out, or another kind of storage.
        OSError: for data that are not there, or a folder or storage that cannot be used.
    """
    _check(config)
    first = {name: given_values(config, name) for name in config.methods}
    splits, epochs = held_out(config), config.training.epochs
    data = splits.train
    folder = RunFolder.of(config.out, f"{_NAME}-{config.describe(data)}", what_must_not_differ(config, splits))
    prepare(folder.path, _JOURNAL)
    print(
        f"data set {data.name}: {len(data)} training, {len(splits.validation or ())} held-out samples; "
        f"{config.trials} trials of {epochs} epochs a method",
        flush=True,
    )
    stopped, names = False, {name: f"{folder.path.name}-{name}" for name in METHODS}
    with opened(config.storage or str(folder.path / _JOURNAL)) as storage:
        studies = {name: study_of(storage, names[name], epochs) for name in config.methods}
        try:
            search(studies, Effort(config.trials, epochs, config.training.seed), Evaluation(config, splits), first)
        except KeyboardInterrupt:
            stopped = True
            print("the search was stopped: the same command goes on with it", file=sys.stderr)
        there = patiently(partial(get_all_study_names, storage))
        known = {name: study_of(storage, names[name], epochs) for name in METHODS if names[name] in there}
        trials = {name: patiently(study.get_trials) for name, study in known.items()}
    record = record_of(_NAME, config, _outcome(config, splits, trials, stopped))
    print(report(config, record), flush=True)
    before = folder.record()
    if before is None or any(before[key] != record[key] for key in ("status", "samples")):
        folder.write_record(record, resumed=True)
    draw(folder.path, {"tuning.png": tuning(record)})
    print(f"search: {folder.path}")
    return record


def _check(config: Config) -> None:
    configuration.check(config)
    if config.training.patience:
        raise ValueError(
            f"patience is {config.training.patience}, expected 0: all trials of a search have the same epochs"
        )
    url_of(config.storage or "")


def held_out(config: Config) -> Splits:
    """Training and validation part of the data; no test set.

    Raises:
        ValueError: if there is no validation part.
        OSError: if the data are not there.
    """
    splits = configuration.splits_of(config)
    if splits.validation is None:
        raise ValueError(
            f"nothing is held out of data set {splits.train.name} to judge settings by: name groups of it, such as "
            "--validation-groups 8, or choose a data set with a validation part"
        )
    return splits._replace(test=None)  # type: ignore[arg-type]  # no training needs one


def what_must_not_differ(config: Config, splits: Splits) -> dict[str, Any]:
    """Everything that trials have in common, in JSON types: searches in which it differs have nothing in common."""
    parts = {"training_data": splits.train, "validation_data": splits.validation}
    settings = {"network": config.network, "training": config.training, "options": config.options, "space": SPACE}
    return to_json(settings | {name: data and f"{data.name} {data.checksum}" for name, data in parts.items()})


def _outcome(config: Config, splits: Splits, trials: Mapping[str, Sequence[FrozenTrial]], stopped: bool) -> Outcome:
    return Outcome(
        {name: summary_of(each) for name, each in trials.items()},
        {name: history_of(each) for name, each in trials.items()},
        method="-".join(trials), preset=config.preset, dataset=splits.train.name, hidden=sum(config.network.hidden),
        seed=config.training.seed, status="interrupted" if stopped else "ok",
        reason="stopped by the user or a signal; the same command goes on" if stopped else None,
        config=records.recorded(config) | {"samples": [len(part or ()) for part in splits[:2]]},
    )  # fmt: skip


def report(config: Config, record: Record) -> str:
    """The effort and the best accuracy of each method, and its best settings as a training, as text."""
    lines = [table(record)]
    for method, found in record["metrics"].items():
        if found["best_settings"] is not None:
            lines += ["", f"best settings of {label_of(method)}, trial {found['best_trial']}, as a training:"]
            lines += [f"  {train_command(config, method, found['best_settings'])}"]
    return "\n".join(lines)
