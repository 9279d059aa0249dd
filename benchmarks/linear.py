"""How much of the data is linear? ``python -m benchmarks.linear --data-dir DIR``.

Logistic regression on the square roots of spike counts, in bins of time and groups of channels: what a network of
spiking neurons has to beat. With one bin it sees counts alone, no timing.
"""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from gradlab import records
from gradlab.command import prepare, run_command
from gradlab.data import SpikeData, load

from .settings import DataSettings, require_positive

_RECORDS = "linear.jsonl"


@dataclass(frozen=True)
class Config(DataSettings):
    """Accuracy of logistic regression on spike counts.

    Attributes:
        bins: of time.
        width: of a bin [s]; what comes after the last one is left out.
        groups: of neighbouring channels.
        strength: of the data against the penalty on the weights (C).
    """

    bins: int = 10
    width: float = 0.1
    groups: int = 100
    strength: float = 0.01

    def __post_init__(self):
        """Refuse impossible settings."""
        require_positive(self, "bins", "width", "groups", "strength")


def counts(data: SpikeData, bins: int, width: float, groups: int) -> np.ndarray:
    """Spikes of each sample by bin and group, ``[samples, bins * groups]``.

    Args:
        data: any.
        bins: of time, from 0 on.
        width: of a bin [s].
        groups: of neighbouring channels, of equal size but for rounding.
    """
    sample = np.repeat(np.arange(len(data)), data.spikes_per_sample)
    place = (data.times / np.float32(width)).astype(np.int64)
    group = data.units.astype(np.int64) * groups // data.inputs
    within = place < bins
    index = np.ravel_multi_index((sample[within], place[within], group[within]), (len(data), bins, groups))
    return np.bincount(index, minlength=len(data) * bins * groups).reshape(len(data), -1)


def classifier(strength: float) -> Pipeline:
    """Multinomial logistic regression on square roots of counts; the usual solver stops before it has converged."""
    return make_pipeline(FunctionTransformer(np.sqrt), LogisticRegression(C=strength, solver="newton-cg"))


def run(config: Config) -> dict[str, Any]:
    """Fit, test, print, record; returns the record.

    Raises:
        ValueError: for an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
    """
    train, _, test = load(config.dataset, config.data_dir, ())
    prepare(config.out, _RECORDS)
    features = [counts(part, config.bins, config.width, config.groups) for part in (train, test)]
    model = classifier(config.strength).fit(features[0], train.labels)
    hits = model.predict(features[1]) == test.labels
    known = np.isin(test.speakers, train.speakers)
    parts = {"": np.ones_like(known), "_known_speakers": known, "_unseen_speakers": ~known}
    metrics = {f"test_accuracy{name}": hits[part].mean() if part.any() else None for name, part in parts.items()}
    metrics |= {"train_accuracy": model.score(features[0], train.labels), "parameters": model[-1].coef_.size}
    print("\n".join(f"{name:32}{value}" for name, value in metrics.items()))
    record = records.make_record(
        "linear", preset=None, method="logistic_regression", dataset=train.name, hidden=None, seed=None, status="ok",
        config=records.recorded(config), metrics=metrics, samples={},
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    return record


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("benchmarks.linear", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
