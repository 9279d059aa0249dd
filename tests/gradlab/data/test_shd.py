"""Tests of the SHD loader on small files of the same layout; no network."""

import hashlib
import urllib.error
import urllib.request
import zipfile

import h5py
import numpy as np
import pytest
import tonic.datasets

from gradlab.data import load
from gradlab.data.shd import is_in, load_shd

TIMES = [np.array([0.1, 0.7, 0.7, 1.2]), np.array([0.0, 0.25])]
UNITS = [np.array([699, 3, 1, 0]), np.array([20, 10])]


def write(path, times=TIMES, units=UNITS, labels=(19, 4), groups=(3, 8), without=()):
    path.parent.mkdir(exist_ok=True)
    parts = {
        "spikes/times": (times, h5py.vlen_dtype(np.float16)),
        "spikes/units": (units, h5py.vlen_dtype(np.uint16)),
        "labels": (labels, np.uint16),
        "extra/speaker": (groups, np.uint16),
        "extra/keys": ([b"zero", b"one"], "S4"),
    }
    with h5py.File(path, "w") as file:
        for name, (values, dtype) in parts.items():
            if name not in without:
                dataset = file.create_dataset(name, (len(values),), dtype)
                for k, value in enumerate(values):
                    dataset[k] = value
    return path


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """The network is down: any use of it is an error."""

    def refuse(*_):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture
def folder(tmp_path):
    """Both files, without the archives that tonic keeps beside them."""
    write(tmp_path / "SHD" / "shd_train.h5")
    write(tmp_path / "SHD" / "shd_test.h5", labels=(0, 1))
    return tmp_path


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("download", [False, True])
@pytest.mark.parametrize("inside", ["", "SHD"])
@pytest.mark.parametrize("archives", [False, True])
def test_files_that_are_there_are_read_and_left_alone(folder, inside, archives, download):
    if archives:
        for name in ("train", "test"):
            (folder / "SHD" / f"shd_{name}.h5.zip").touch()
    before = snapshot(folder)
    train, test = load_shd(folder / inside, download)
    assert snapshot(folder) == before
    np.testing.assert_array_equal(train.times, np.concatenate(TIMES).astype(np.float16))
    assert train.units.tolist() == [699, 3, 1, 0, 20, 10]
    assert train.offsets.tolist() == [0, 4, 6]
    assert (train.labels.tolist(), train.groups.tolist()) == ([19, 4], [3, 8])
    assert test.labels.tolist() == [0, 1]
    assert (train.name, train.inputs, train.classes) == ("shd", 700, 20)


def test_folder_of_any_name(folder):
    (folder / "SHD").rename(folder / "my digits")
    assert len(load_shd(folder / "my digits")[0]) == 2


def test_unsorted_sample_is_sorted(folder):
    write(folder / "SHD" / "shd_train.h5", times=[TIMES[0][::-1], TIMES[1]])
    train, _ = load_shd(folder)
    assert train.units.tolist() == [0, 3, 1, 699, 20, 10]  # the tied 3 and 1 keep their order


@pytest.mark.parametrize("missing", ["train", "test"])
def test_missing_file(folder, missing):
    assert is_in(folder)
    (folder / "SHD" / f"shd_{missing}.h5").unlink()
    (folder / "SHD" / f"shd_{missing}.h5.zip").touch()  # must not count as the file
    assert not is_in(folder)
    with pytest.raises(FileNotFoundError, match=f"shd_{missing}.h5 does not exist, expected an SHD file"):
        load_shd(folder)


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.*does not exist"):
        load_shd(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_download_without_network(tmp_path):
    with pytest.raises(FileNotFoundError, match="could not be downloaded .*no network.*use the synthetic"):
        load_shd(tmp_path, download=True)


def test_download_is_checked_and_unpacked(folder, monkeypatch):
    """The archive is there already, so that tonic needs no network; the other file is present."""
    path = folder / "SHD" / "shd_test.h5"
    archive = path.with_suffix(".h5.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, path.name)
    path.unlink()
    monkeypatch.setattr(tonic.datasets.SHD, "test_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    assert load_shd(folder, download=True)[1].labels.tolist() == [0, 1]


@pytest.mark.parametrize("keep", [0, 100, -100])
def test_truncated_file(folder, keep):
    path = folder / "SHD" / "shd_test.h5"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="shd_test.h5 cannot be read as HDF5 .*download it again"):
        load_shd(folder)


def test_the_checksum_of_the_archive(folder):
    """A spike time that became another one: HDF5 does not notice, the archive beside the file does."""
    path = folder / "SHD" / "shd_test.h5"
    with zipfile.ZipFile(path.with_suffix(".h5.zip"), "w") as archive:
        archive.write(path, path.name)
    load_shd(folder)
    write(path, times=[TIMES[0], TIMES[1] + 0.125], labels=(0, 1))
    with pytest.raises(
        ValueError, match="shd_test.h5 is not what its archive shd_test.h5.zip holds.*download it again"
    ):
        load_shd(folder)


def test_classes_have_names(folder):
    train, _ = load_shd(folder)
    assert [train.class_name(label) for label in train.labels] == ["neun", "four"]


@pytest.mark.parametrize("part", ["spikes/times", "spikes/units", "labels", "extra/speaker"])
def test_missing_part(folder, part):
    write(folder / "SHD" / "shd_train.h5", without=[part])
    with pytest.raises(ValueError, match="shd_train.h5 lacks a part"):
        load_shd(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [1]}, "2 spike trains, 2 unit trains, 1 labels"),
        ({"labels": [1, 20]}, "labels run from 1 to 20"),
        ({"units": [UNITS[0], UNITS[1][:1]]}, "sample 1 has 2 times but 1 units"),
        ({"units": [UNITS[0] + 1, UNITS[1]]}, "channels run from 1 to 700, expected integers 0 to 699"),
        ({"times": [TIMES[0], TIMES[1] + np.nan]}, "not finite"),
    ],
)
def test_wrong_content(folder, changes, message):
    write(folder / "SHD" / "shd_train.h5", **changes)
    with pytest.raises(ValueError, match=f"shd_train.h5: .*{message}"):
        load_shd(folder)


def test_ssc_has_the_same_files_and_a_validation_part_of_its_own(tmp_path):
    for k, part in enumerate(("train", "valid", "test")):
        write(tmp_path / "SSC" / f"ssc_{part}.h5", labels=(34, k), groups=(1500, k))
    train, validation, test = load("ssc", tmp_path)
    assert [part.labels.tolist() for part in (train, validation, test)] == [[34, 0], [34, 1], [34, 2]]
    assert (train.name, train.inputs, train.classes, train.groups.tolist()) == ("ssc", 700, 35, [1500, 0])
    np.testing.assert_array_equal(test.times, np.concatenate(TIMES).astype(np.float16))
    assert load("ssc", tmp_path, ()).validation is None
    (tmp_path / "SSC" / "ssc_valid.h5").unlink()
    with pytest.raises(FileNotFoundError, match="ssc_valid.h5 does not exist and could not be downloaded .*no network"):
        load("ssc", tmp_path)
