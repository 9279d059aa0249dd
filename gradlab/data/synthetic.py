"""Made-up spoken words as spikes of 700 cochlea channels: a stand-in for SHD that needs no download.

A word is a few formants: bands of activity that glide over the channels while they swell and fade. The words come in
pairs, and the second of a pair is the first played backwards: class ``2k + 1`` has the spikes of class ``2k`` at
``1 - s``, for ``s`` in the word's own time from 0 to 1. A channel then spikes equally often in both: spike counts tell
the pairs apart but not the two words of a pair, and no classifier of counts is expected to pass 50 %. Spikes are an
inhomogeneous Poisson process: their number is Poisson, and each draws its time from the envelope of its formant, then
its channel around the centre of the formant at that time.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .dataset import SpikeData
from .description import DataSet
from .shd import SHD
from .splits import Splits

INPUTS = 700
CLASSES = 20
SPEAKERS = 12
# These speak only in the test set, and half of it, as do two speakers of SHD.
TEST_SPEAKERS = (10, 11)

_FORMANTS = 5
_TIME_STEP = 2.0**-10  # [s]; times are rounded as in SHD
_GRID = np.linspace(0.0, 1.0, 201)  # a word's own time
_WORD = 0.8  # mean length [s]
_SPIKES = 6400  # mean number of spikes of a sample
_BACKGROUND = 0.2  # share of the spikes that come at any time on any channel
_DELAY = 0.03  # largest delay or advance of a formant in an utterance, in a word's own time
_BANDWIDTH = 8.0  # of a formant, as standard deviation [channels]


class _Word(NamedTuple):
    """A pair of classes, played forwards."""

    centre: np.ndarray  # of each formant over the grid [formants, grid], channels
    envelope: np.ndarray  # cumulative, from 0 to 1 [formants, grid]


class _Voice(NamedTuple):
    """A speaker."""

    shift: float  # of all channels
    scale: float  # of the distance from the middle channel
    tempo: float  # length of a word relative to the mean


def make_synthetic(train: int = 2000, test: int = 500, seed: int = 0) -> tuple[SpikeData, SpikeData]:
    """Training and test set, the same for the same arguments; about 1 ms a sample.

    Args:
        train: number of training samples, by speakers 0-9.
        test: number of test samples, half of them by speakers 10 and 11, who are not in the training set.
        seed: of everything: words, speakers and samples.

    Returns:
        ``(train, test)``: 700 channels, 20 classes, words of 0.6 to 1 s with about 5000 to 8000 spikes, their times
        rounded as in SHD (to 16-bit floating point), so that many coincide.

    Raises:
        ValueError: if a set would be empty.
    """
    if min(train, test) < 1:
        raise ValueError(f"got {train} training and {test} test samples, expected at least one of each")
    rng = np.random.default_rng(seed)
    words = [_draw_word(rng) for _ in range(CLASSES // 2)]
    voices = [_draw_voice(rng, speaker) for speaker in range(SPEAKERS)]
    known = np.arange(SPEAKERS - len(TEST_SPEAKERS))
    speakers = _spread(rng, known, train)
    train_set = _draw_set(rng, words, voices, speakers)
    speakers = np.concatenate([_spread(rng, known, test - test // 2), _spread(rng, np.array(TEST_SPEAKERS), test // 2)])
    return train_set, _draw_set(rng, words, voices, rng.permutation(speakers))


def _smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth in between; a polynomial, hence the same on every machine."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def _draw_word(rng: np.random.Generator) -> _Word:
    """Formants in bands of their own, each with a glide of 80 to 200 channels within 0.15 to 0.3 of the word."""
    centres, envelopes = [], []
    for formant in range(_FORMANTS):
        start, length = rng.uniform(_DELAY, 0.7 - _DELAY), rng.uniform(0.15, 0.3)
        sweep = rng.uniform(80, 200) * rng.choice([-1, 1])
        middle = INPUTS * (formant + 0.6) / (_FORMANTS + 0.2) + rng.uniform(-30, 30)
        phase = (_GRID - start) / length
        centres.append(middle + sweep * (_smoothstep(phase) - 0.5))
        # Swells fast and fades slowly, which a backward word does not.
        envelope = _smoothstep(phase / 0.2) * (1 - _smoothstep((phase - 0.4) / 0.6))
        envelopes.append(np.cumsum(envelope) / envelope.sum())
    return _Word(np.array(centres), np.array(envelopes))


def _draw_voice(rng: np.random.Generator, speaker: int) -> _Voice:
    """Tempo at random; the pitch of the speakers is spread evenly, so that the test speakers lie among the others."""
    pitch = (speaker * 5 % SPEAKERS) / (SPEAKERS - 1) - 0.5
    return _Voice(40 * pitch, 1 + rng.uniform(-0.03, 0.03), rng.uniform(0.9, 1.1))


def _spread(rng: np.random.Generator, values: np.ndarray, n: int) -> np.ndarray:
    """The values in random order, each equally often (to within one)."""
    return rng.permutation(np.resize(values, n))


def _draw_set(rng: np.random.Generator, words: list[_Word], voices: list[_Voice], speakers: np.ndarray) -> SpikeData:
    labels = _spread(rng, np.arange(CLASSES), len(speakers))
    samples = [
        _draw_sample(rng, words[label // 2], voices[speaker], backward=bool(label % 2))
        for label, speaker in zip(labels, speakers, strict=True)
    ]
    times, units = zip(*samples, strict=True)
    return SpikeData.from_samples(
        "synthetic", times, units, labels, speakers, inputs=INPUTS, classes=CLASSES, time_step=_TIME_STEP
    )


def _draw_sample(rng: np.random.Generator, word: _Word, voice: _Voice, backward: bool) -> tuple[np.ndarray, np.ndarray]:
    """Times [s] and channels of one utterance, in order of time."""
    loudness = np.append(rng.uniform(0.8, 1.2, _FORMANTS) * (1 - _BACKGROUND) / _FORMANTS, _BACKGROUND)
    *counts, background = rng.poisson(_SPIKES * rng.uniform(0.9, 1.1) * loudness)
    phases, channels = [], []
    for centre, envelope, count in zip(word.centre, word.envelope, counts, strict=True):
        phase = np.interp(rng.random(count), envelope, _GRID)
        phases.append(phase + rng.uniform(-_DELAY, _DELAY))
        channels.append(np.interp(phase, _GRID, centre) + rng.normal(0, 6) + _BANDWIDTH * rng.standard_normal(count))
    middle = INPUTS / 2
    voiced = middle + voice.scale * (np.concatenate(channels) - middle) + voice.shift + rng.normal(0, 4)
    channel = np.concatenate([voiced, rng.uniform(0, INPUTS, background)])
    phase = np.concatenate([*phases, rng.random(background)])
    if backward:
        phase = 1 - phase
    # All that varies from here on is drawn alike for both words of a pair.
    time = rng.uniform(0.0, 0.05) + _WORD * voice.tempo * rng.uniform(0.93, 1.07) * phase
    unit = np.floor(channel)
    order = np.argsort(time)
    order = order[(unit[order] >= 0) & (unit[order] < INPUTS)]
    # Rounded after sorting, so spikes that come to coincide stand in their true order.
    return time[order].astype(np.float16).astype(np.float32), unit[order].astype(np.uint16)


def _load_splits(folder: Path, download: bool) -> Splits:
    train, test = make_synthetic()
    return Splits(train, None, test)


# A stand-in for SHD, hence the same settings; speaker 8 is one of the ten of the training set.
SYNTHETIC = DataSet(load=_load_splits, held_out=(8,), group="speaker", network=SHD.network, training=SHD.training)
