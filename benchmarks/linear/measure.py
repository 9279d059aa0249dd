"""Logistic regression on spike counts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradlab.command import Outcome
from gradlab.data import SpikeData, load
from solvers.fields import Count, Positive

from ..data_settings import DataSettings

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Config(DataSettings):
    """Accuracy of logistic regression on spike counts.

    Attributes:
        bins: of time.
        width: of a bin [s]; what comes after the last one is left out.
        groups: of neighbouring channels.
        strength: of the data against the penalty on the weights (C).
    """

    bins: Count = 10
    width: Positive = 0.1
    groups: Count = 100
    strength: Positive = 0.01


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


def classifier(strength: float) -> "Pipeline":
    """Multinomial logistic regression on square roots of counts; the usual solver stops before it has converged.

    Raises:
        ValueError: without scikit-learn.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer
    except ImportError as error:
        raise ValueError("scikit-learn is missing: pip install 'gradlab[benchmarks]'") from error
    return make_pipeline(FunctionTransformer(np.sqrt), LogisticRegression(C=strength, solver="newton-cg"))


def measure(config: Config) -> Outcome:
    """Fit to the whole training set, and test.

    Raises:
        ValueError: for damaged data, or without scikit-learn.
        OSError: for data that are not there.
    """
    regression = classifier(config.strength)
    train, _, test = load(config.dataset, config.data_dir, ())
    features = [counts(part, config.bins, config.width, config.groups) for part in (train, test)]
    model = regression.fit(features[0], train.labels)
    hits = model.predict(features[1]) == test.labels
    metrics = {f"test_accuracy{name}": hits[part].mean() if part.any() else None for name, part in _parts(train, test)}
    metrics |= {"train_accuracy": model.score(features[0], train.labels), "parameters": model[-1].coef_.size}
    return Outcome(metrics, method="logistic_regression", dataset=train.name)


def _parts(train: SpikeData, test: SpikeData) -> list[tuple[str, np.ndarray]]:
    """Which test samples are of groups known from training, and which are not; none of either without groups."""
    everything = np.ones(len(test), bool)
    if test.groups is None or train.groups is None:
        known = unseen = ~everything
    else:
        known = np.isin(test.groups, train.groups)
        unseen = ~known
    return [("", everything), ("_known_groups", known), ("_unseen_groups", unseen)]
