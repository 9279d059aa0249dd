"""Trainings without one group each, which then judges them."""

from typing import Any

import numpy as np

from gradlab import bench, configuration
from gradlab.command import Outcome
from gradlab.data import SpikeData, Splits, by_group, chosen_dataset, load
from gradlab.loggers.log import Log
from gradlab.runs import RunFolder

from ..groups import group_word
from ..sweeps import only_method

_CURVES = ("train_loss", "train_accuracy", "validation_accuracy")


def groups_of(data: SpikeData) -> tuple[int, ...]:
    """All groups of a data set.

    Raises:
        ValueError: if it has none.
    """
    if data.groups is None:
        raise ValueError(f"data set {data.name} has no groups, such as speakers, to hold out: choose another data set")
    return tuple(np.unique(data.groups).tolist())


def measure(config: configuration.Config) -> Outcome:
    """Train once for each group.

    Raises:
        ValueError: for several methods at once, an impossible configuration, a data set without groups or an unknown
            group, damaged data, or if no training completed an epoch.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C; trainings so far are kept.
    """
    name, word = only_method(config, "sweep"), group_word(chosen_dataset(config.dataset, config.data_dir))
    configuration.check(config)
    splits = load(config.dataset, config.data_dir, ())
    everyone = groups_of(splits.train)
    parts = {group: by_group(splits.train, [group]) for group in config.validation_groups or everyone}
    network, what = configuration.network_of(config, splits.train), config.describe(splits.train)
    runs: dict[str, dict[str, Any]] = {}
    curves: dict[str, dict[str, Any]] = {}
    for group, (train, held_out) in parts.items():
        print(f"{word} {group} is held out: {len(train)} training samples, {len(held_out)} of the {word}", flush=True)
        trainer = configuration.trainer_of(config, network, name)
        without = Splits(train, held_out, splits.test)
        settings = trainer.describe(without)
        folder = RunFolder.of(config.out / "speakers", f"{name}-{what}-without-{group}", settings)
        with folder.held(settings), Log(config.log, folder.path, settings) as log:
            result, _ = bench.trained(trainer, without, folder, config.resume, log)
        if result.status == "interrupted":
            raise KeyboardInterrupt
        runs[str(group)] = {"status": result.status, "samples": len(held_out), "kept_epoch": result.kept}
        runs[str(group)] |= {key: result.kept_figure(key) for key in _CURVES[1:]}
        curves[str(group)] = {key: result.history.get(key) for key in _CURVES}
    found = [each["validation_accuracy"] for each in runs.values() if each["validation_accuracy"] is not None]
    if not found:
        raise ValueError("no training completed an epoch: lower the learning rate or the initial weights")
    spread = float(np.std(found, ddof=1)) if len(found) > 1 else None
    return Outcome(
        {"runs": runs, "mean": float(np.mean(found)), "spread": spread}, curves, method=name, preset=config.preset,
        dataset=splits.train.name, hidden=sum(config.network.hidden), seed=config.training.seed,
        status=next((each["status"] for each in runs.values() if each["status"] != "ok"), "ok"),
    )  # fmt: skip
