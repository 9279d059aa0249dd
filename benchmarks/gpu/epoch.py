"""An epoch of training with each of both methods, as a user starts it."""

import time
from typing import Any

import numpy as np

from gradlab.data import DATASETS, Splits, chosen_dataset, load
from gradlab.methods import BPTT, EventProp
from gradlab.networks.network import Network
from gradlab.training.config import TrainConfig
from gradlab.training.loop import Trainer

from .config import Config


def epochs(config: Config) -> tuple[str, list[dict[str, Any]]]:
    """Name of the data, and a row for each method.

    Raises:
        ValueError: for damaged data.
        OSError: for data that are not there.
    """
    suited = DATASETS[chosen_dataset(config.dataset, config.data_dir)]
    splits = load(config.dataset, config.data_dir)
    train = splits.train.select(np.arange(min(config.epoch_samples, len(splits.train))))
    chosen: dict[str, Any] = {**suited.network, "hidden": (config.hidden,)}
    network = Network(train.inputs, train.classes, **chosen)
    settings = TrainConfig(**{**suited.training, "epochs": 1, "batch_size": config.batch_size, "seed": config.seed})
    rows = []
    for method in (EventProp(), BPTT()):
        trainer = Trainer(network, settings, method)
        start = time.perf_counter()
        result = trainer.fit(Splits(train, None, splits.test))
        rows.append({
            "method": method.name, "samples": len(train), "seconds": time.perf_counter() - start,
            "median_step_s": float(np.median(result.history["step_s"])), "first_step_s": result.history["step_s"][0],
            "train_accuracy": result.kept_figure("train_accuracy"), "status": result.status,
        })  # fmt: skip
    return train.name, rows
