"""Images as latencies, scikit-learn's digits, and MNIST from a stand-in for OpenML."""

import sys
import urllib.error
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import datasets

from gradlab.data.digits import load_digits
from gradlab.data.latency import DURATION, from_images
from gradlab.data.mnist import load_mnist


def test_bright_pixels_spike_early_and_black_ones_never():
    data = from_images("images", np.array([[0, 1, 0.25, 0.5], [0, 0, 0, 0]]), np.array([1, 0]), 2)
    times, units = data.sample(0)
    np.testing.assert_allclose(times, [0, 10e-3, 15e-3], rtol=1e-6)
    assert units.tolist() == [1, 3, 2] and data.spikes_per_sample.tolist() == [3, 0]
    assert data.inputs == 4 and times.max() < DURATION


def test_digits_are_scikit_learns_each_in_one_part():
    parts = load_digits()
    assert [len(part) for part in parts] == [1197, 300, 300]
    assert all(np.bincount(part.labels).min() >= 20 for part in parts)
    found = datasets.load_digits()
    for part in parts:
        times, units = part.sample(0)
        image = np.zeros(64)
        image[units] = 16 * (1 - times / 20e-3)
        same = np.flatnonzero(np.all(np.abs(found.data - image) < 1e-4, 1))
        assert same.size and part.labels[0] in found.target[same]
    assert sum(part.times.size for part in parts) == np.count_nonzero(found.data)


def test_mnist_is_split_as_it_is_published(tmp_path, monkeypatch):
    asked = {}

    def fetch(name, **options):
        asked.update(options, name=name)
        data = np.zeros((70_000, 784), np.uint8)
        data[np.arange(70_000), np.arange(70_000) % 784] = 255
        return SimpleNamespace(data=data, target=np.char.mod("%d", np.arange(70_000) % 10).astype(object))

    monkeypatch.setattr(datasets, "fetch_openml", fetch)
    train, validation, test = load_mnist(tmp_path)
    assert [len(part) for part in (train, validation, test)] == [55_000, 5_000, 10_000]
    assert (asked["name"], asked["version"], asked["data_home"]) == ("mnist_784", 1, str(tmp_path))
    for part, first in ((train, 0), (validation, 55_000), (test, 60_000)):
        assert part.sample(7)[1].tolist() == [(first + 7) % 784] and part.labels[7] == (first + 7) % 10


def test_mnist_without_a_network_says_what_needs_none(tmp_path, monkeypatch):
    def fetch(name, **options):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(datasets, "fetch_openml", fetch)
    with pytest.raises(OSError, match=r"MNIST is not in .*openml and could not be .* or take the data set digits"):
        load_mnist(tmp_path)


def test_something_else_instead_of_mnist_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "fetch_openml", lambda name, **options: SimpleNamespace(data=np.zeros((3, 784))))
    with pytest.raises(ValueError, match=r"shape \(3, 784\), expected \(70000, 784\): remove"):
        load_mnist(tmp_path)


def test_without_scikit_learn_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ValueError, match="comes with scikit-learn, which is not there: pip install scikit-learn"):
        load_digits()
