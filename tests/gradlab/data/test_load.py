"""Tests of the choice of a data set by its name."""

import numpy as np
import pytest

import gradlab.data.heidelberg
import gradlab.data.mnist
import gradlab.data.nmnist
import gradlab.data.shd
import gradlab.data.synthetic
from gradlab.data import DATASETS, load
from gradlab.data.dataset import SpikeData
from gradlab.data.splits import Splits


def tiny(name):
    """A training and a test set with one empty sample of each of the speakers 0-9."""
    nothing, numbers = [np.array([])] * 10, np.arange(10)
    units = [np.array([], int)] * 10
    one = SpikeData.from_samples(name, nothing, units, numbers, numbers, inputs=700, classes=20)
    return one, one


@pytest.fixture(autouse=True)
def working_directory(tmp_path, monkeypatch):
    """An empty folder, and data sets that cost nothing; records how SHD is asked for."""
    asked = []

    def load_shd(folder, download=False):
        asked.append((str(folder), download))
        return tiny("shd")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gradlab.data.shd, "load_shd", load_shd)
    monkeypatch.setattr(gradlab.data.synthetic, "make_synthetic", lambda: tiny("synthetic"))
    monkeypatch.setattr(gradlab.data.mnist, "load_mnist", lambda folder: Splits(*tiny("mnist"), tiny("mnist")[0]))
    monkeypatch.setattr(gradlab.data.nmnist, "load_nmnist", lambda folder: Splits(*tiny("n-mnist"), tiny("n-mnist")[0]))
    read = lambda self, *_: [tiny(self.name)[0]] * 3  # noqa: E731
    monkeypatch.setattr(gradlab.data.heidelberg.Recordings, "load", read)
    return asked


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_by_name(name):
    splits = load(name)
    assert {part.name for part in splits} == {name}


def test_auto_without_shd_is_synthetic(working_directory):
    assert load().train.name == "synthetic"
    assert working_directory == []


def test_auto_takes_shd_that_is_there(tmp_path, working_directory):
    (tmp_path / "data" / "SHD").mkdir(parents=True)
    (tmp_path / "data" / "SHD" / "shd_train.h5").touch()
    assert load().train.name == "synthetic"  # the test set is still missing
    (tmp_path / "data" / "SHD" / "shd_test.h5").touch()
    assert load().train.name == "shd"


def test_only_shd_by_name_downloads(working_directory):
    load("auto", data_dir="there")
    load("shd", data_dir="there")
    load("shd")
    assert working_directory == [("there", False), ("there", True), ("data", True)]


def test_groups_held_out():
    assert load("synthetic").validation.groups.tolist() == list(DATASETS["synthetic"].held_out) == [8]
    splits = load("synthetic", validation_groups=[1, 2])
    assert splits.validation.groups.tolist() == [1, 2]
    assert not set(splits.train.groups) & {1, 2}
    assert len(splits.test) == 10
    everything = load("synthetic", validation_groups=())
    assert everything.validation is None and len(everything.train) > len(splits.train)


def test_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match="'cifar', expected one of auto, shd, synthetic, yin-yang, randman"):
        load("cifar")


def test_a_validation_part_of_its_own():
    """Yin-Yang has one and no groups, so that nothing can be held out of its training part."""
    splits = load("yin-yang")
    assert [len(part) for part in splits] == [5000, 1000, 1000]
    assert load("yin-yang", validation_groups=()).validation is None
    with pytest.raises(ValueError, match=r"are \[8\], but data set yin-yang has no groups: name none"):
        load("yin-yang", validation_groups=[8])
