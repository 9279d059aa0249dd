"""Means of all trainings of each preset, from their records."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradlab import configuration
from gradlab.command import RUNS, Outcome, Record
from gradlab.methods import METHODS
from gradlab.reporting import records
from solvers.fields import check_fields

from ..transfer.summary import accuracy_in_words, summary
from .changes import changes
from .checks import check_baseline, check_training

#: Figures of a training whose mean over seeds is taken.
MEANS = (
    "test_accuracy", "test_accuracy_unseen_groups", "test_accuracy_known_groups", "train_accuracy",
    "spikes_per_sample", "epoch_s", "parameters", "residual_bytes",
)  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """Accuracy of all presets, from records.

    Attributes:
        records: of gradlab.bench: a file of them, or a folder of files or of runs.
        linear: records of benchmarks.linear, the last of which on the data set is the baseline.
        transfer: records of benchmarks.transfer.
        dataset: whose trainings to take, such as shd.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    records: Path = Path("results/trainings")
    linear: Path = Path("results/linear.jsonl")
    transfer: Path = Path("results/transfer.jsonl")
    dataset: str = "shd"
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def rows(trainings: Sequence[Record], dataset: str) -> list[Row]:
    """Mean and standard deviation over seeds, for each preset, method, rate regularisation and number of epochs.

    Args:
        trainings: records; those that are no completed training of a preset on the whole training set are left out.
        dataset: likewise those on another data set.

    Raises:
        ValueError: for a training without the figures of the table.

    Returns:
        A row each, in order of preset: of every figure the mean, None if a record has none, and of the test accuracy
        also ``spread``, None for a single seed. A seed that was trained twice counts with its last record. ``changed``
        are the options that make it a control, empty for the network of the preset.
    """
    found: dict[tuple[str, str, str, float, int], dict[int, dict[str, Any]]] = defaultdict(dict)
    for record in trainings:
        if record.get("benchmark") != "train" or record.get("status") != "ok" or record.get("dataset") != dataset:
            continue
        if record.get("preset") is None or record.get("method") not in tuple(METHODS):
            continue
        check_training(record)
        if record["config"].get("validation_groups"):
            continue
        metrics = record["metrics"] | {"epoch_s": float(np.median(record["samples"]["epoch_s"]))}
        strength = record["config"]["training"]["rate_strength"]
        which = record["preset"], changes(record), record["method"], strength, metrics["epochs"]
        found[which][record["seed"]] = metrics
    result = []
    for (preset, changed, method, strength, epochs), seeds in sorted(found.items()):
        metrics_of = list(seeds.values())
        tests = [metrics["test_accuracy"] for metrics in metrics_of]
        spread = float(np.std(tests, ddof=1)) if len(tests) > 1 else None
        result.append(
            {"preset": preset, "changed": changed, "method": method, "rate_strength": strength, "epochs": epochs}
            | {"seeds": sorted(seeds), "spread": spread}
            | {"transfer": _transfer(metrics_of)} | {name: _mean(metrics_of, name) for name in MEANS}
        )  # fmt: skip
    return result


def _mean(seeds: Sequence[Record], name: str) -> float | None:
    values = [metrics.get(name) for metrics in seeds]
    return None if None in values else float(np.mean(values))  # type: ignore[arg-type]


def _transfer(seeds: Sequence[Record]) -> str:
    """Accuracy of the same weights in another simulator, in words; empty if a record has none."""
    if any(metrics.get("transfer_runs_away") for metrics in seeds):  # all that older records tell
        return "runs away"
    mean, away = _mean(seeds, "transfer_accuracy"), _mean(seeds, "transfer_runaway_share")
    return "" if mean is None and away != 1 else accuracy_in_words(mean or 0.0, away)


def _read(path: Path) -> list[Record]:
    """All records of a file or a folder; none of what is neither: a device may never end."""
    return records.read_all(path) if path.is_file() or path.is_dir() else []


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """The name of the file stands before what is wrong with a record in it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def measure(config: Config) -> Outcome:
    """Read the records and average.

    Raises:
        ValueError: for a damaged record, or if there is no training of a preset.
        OSError: for a file that cannot be read.
    """
    trainings = _read(config.records)
    with _naming(config.records):
        trained = rows(trainings, config.dataset)
    found, controls = ([row for row in trained if bool(row["changed"]) == changed] for changed in (False, True))
    if not found:
        raise ValueError(
            f"{config.records} has no completed training of a preset on the whole training set of {config.dataset}: "
            "run python -m gradlab.bench --preset NAME first"
        )
    baselines, transferred = (
        [record for record in _read(path) if record.get("dataset") == config.dataset]
        for path in (config.linear, config.transfer)
    )
    with _naming(config.linear):
        for record in baselines[-1:]:
            check_baseline(record)
    with _naming(config.transfer):
        transfer = summary(transferred)
    linear = baselines[-1]["metrics"] if baselines else None
    return Outcome(
        {"rows": found, "controls": controls, "linear": linear, "transfer": transfer}, method=configuration.ALL,
        dataset=config.dataset,
    )  # fmt: skip
