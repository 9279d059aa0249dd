"""Small data that are not like SHD: digits as latencies, vowels of several speakers, and what counts alone tell."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradlab.data import SpikeData, Splits, make_yin_yang

_FORMANTS = np.array(  # [Hz], of seven vowels
    [
        [300, 2300, 3000],
        [400, 2000, 2550],
        [550, 1800, 2500],
        [700, 1200, 2500],
        [600, 900, 2400],
        [450, 800, 2300],
        [320, 900, 2250],
    ]
)
_SPEAKERS, _CHANNELS = 9, 32


def digits(train=1300, seed=0):
    """Handwritten digits; each pixel that is not white spikes once, the darker the earlier. Trials of 60 ms."""
    given = load_digits()
    order = np.random.default_rng(seed).permutation(len(given.target))
    images, labels = given.images.reshape(-1, 64)[order] / 16, given.target[order]
    units = [np.flatnonzero(image > 0.1) for image in images]
    times = [(1 - image[dark]) * 0.03 for image, dark in zip(images, units, strict=True)]
    data = SpikeData.from_samples("digits", times, units, labels, inputs=64, classes=10)
    return Splits(data.select(np.arange(train)), None, data.select(np.arange(1300, len(labels)))), 0.06


def vowels(train=1000, seed=0):
    """Formants as bumps of rate over channels of rising frequency; speakers differ in length. Trials of 250 ms."""
    rng = np.random.default_rng(seed)
    return Splits(_vowels(rng, train), None, _vowels(rng, 500)), 0.25


def _vowels(rng, samples):
    centres = np.geomspace(200, 4000, _CHANNELS)
    labels, speakers = rng.integers(len(_FORMANTS), size=samples), rng.integers(_SPEAKERS, size=samples)
    times, units = [], []
    for label, speaker in zip(labels, speakers, strict=True):
        formants = _FORMANTS[label] * (0.85 + 0.3 * (speaker * 5 % _SPEAKERS) / 8) * np.exp(rng.normal(0, 0.03, 3))
        rate = 5 + 120 * np.exp(-0.5 * (np.log(centres[:, None] / formants) / 0.08) ** 2) @ [1, 0.8, 0.5]  # [Hz]
        units.append(np.repeat(np.arange(_CHANNELS), rng.poisson(rate * 0.2)))
        times.append(rng.uniform(0, 0.2, units[-1].size) + rng.uniform(0, 0.03))
    return SpikeData.from_samples(
        "vowels", times, units, labels, speakers, inputs=_CHANNELS, classes=len(_FORMANTS)
    )  # fmt: skip


def yin_yang(train=2000, seed=0):
    """See ``gradlab.data.yin_yang``: counts tell nothing."""
    return make_yin_yang((train, 1, 500), seed)._replace(validation=None), 0.06


def counts_accuracy(splits):
    """Test accuracy of logistic regression on the number of spikes of each channel."""
    train, test = (
        np.stack([np.bincount(part.sample(k)[1], minlength=part.inputs) for k in range(len(part))])
        for part in (splits.train, splits.test)
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(train, splits.train.labels)
    return model.score(test, splits.test.labels)
