"""One's own recordings: lists, tables, files."""

import dataclasses
import sys

import h5py
import numpy as np
import pytest

from gradlab import EventPropTrainer, Network, TrainConfig, bench
from gradlab.data import Splits, from_frame, from_lists, own_splits, read_file
from gradlab.reporting import records

TIMES, UNITS, LABELS = [[0.02, 0.01], [], [0.03, 0.03, 0.01]], [[1, 0], [], [4, 2, 3]], ["b", "a", "b"]


def some(samples=20):
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 6, samples)
    times, units = [rng.uniform(0, 0.1, n) for n in sizes], [rng.integers(0, 7, n) for n in sizes]
    return times, units, np.arange(samples) % 3


def write_npz(path, times, units, labels, **others):
    samples = np.repeat(np.arange(len(times)), [len(each) for each in times])
    np.savez(path, times=np.concatenate(times), units=np.concatenate(units), samples=samples, labels=labels, **others)


def assert_equal(one, other):
    for field in dataclasses.fields(one):
        if field.name not in ("name", "units"):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    np.testing.assert_array_equal(one.units, other.units)


def test_lists_need_nothing_else():
    data = from_lists(TIMES, UNITS, LABELS)
    assert (data.inputs, data.classes, data.class_names, data.groups) == (5, 2, ("a", "b"), None)
    assert data.labels.tolist() == [1, 0, 1] and data.offsets.tolist() == [0, 2, 2, 5]
    np.testing.assert_allclose(data.times, [0.01, 0.02, 0.01, 0.03, 0.03])
    assert data.units.tolist() == [0, 1, 3, 4, 2]
    wider = from_lists(TIMES, UNITS, [2, 0, 1], inputs=9, class_names="xyz")
    assert (wider.inputs, wider.classes) == (9, 3)
    assert from_lists([[]], [[]], [0]).inputs == 1


def test_a_table_has_the_same_recordings_in_any_order():
    rows = [(t, u, k, LABELS[k]) for k in (2, 0) for t, u in zip(TIMES[k], UNITS[k], strict=True)]
    columns = dict(zip(("time", "unit", "sample", "label"), map(list, zip(*rows, strict=True)), strict=True))
    labelled = from_frame(columns, labels=dict(enumerate(LABELS)))  # with the one that has no spike
    assert_equal(labelled, from_lists(TIMES, UNITS, LABELS))
    assert_equal(from_frame(columns), from_lists([TIMES[0], TIMES[2]], [UNITS[0], UNITS[2]], ["b", "b"]))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (dict(time=[0.1], unit=[0], sample=[0]), "the table has no column 'label', expected time, unit, sample, label"),
        (dict(time=[0.1] * 2, unit=[0] * 2, sample=[7, 7], label=["a", "b"]), "recording 7 has the labels 'a' and 'b'"),
    ],
)
def test_tables_that_are_none_are_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        from_frame(frame)


def test_a_table_without_a_label_for_each_recording_is_refused():
    with pytest.raises(ValueError, match="recording 1 has no label"):
        from_frame(dict(time=[0.1], unit=[0], sample=[1]), labels={0: "a"})


def test_files_hold_what_lists_do(tmp_path):
    times, units, labels = some()
    groups, names = np.arange(20) % 4, ("x", "y", "z")
    write_npz(tmp_path / "mine.npz", times, units, labels, groups=groups, class_names=names)
    data = read_file(tmp_path / "mine.npz")
    assert data.name == "own-mine"
    assert_equal(data, from_lists(times, units, labels, groups, class_names=names))
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        for name, rows, kind in (("times", times, np.float32), ("units", units, np.uint16)):
            dataset = file.create_dataset(f"spikes/{name}", (20,), h5py.vlen_dtype(kind))
            for k, row in enumerate(rows):
                dataset[k] = row.astype(kind)
        file["labels"] = labels.astype(np.uint16)
    assert_equal(read_file(tmp_path / "mine.h5"), from_lists(times, units, labels))


def test_a_test_set_is_drawn_from_each_class_and_always_the_same(tmp_path):
    write_npz(tmp_path / "a.npz", *some(31))
    train, validation, test = own_splits(tmp_path / "a.npz")
    assert validation is None and np.bincount(test.labels).tolist() == [2, 2, 2] and len(train) == 25
    assert_equal(own_splits(tmp_path / "a.npz").test, test)
    write_npz(tmp_path / "b.npz", *some(6), groups=np.arange(6))
    with_test = own_splits(tmp_path / "b.npz", tmp_path / "a.npz", [2])
    assert len(with_test.train) == 5 and len(with_test.validation) == 1 and len(with_test.test) == 31
    assert with_test.train.inputs == with_test.test.inputs


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("missing.npz", "does not exist, expected a file of spikes, .npz or .h5"),
        ("table.csv", "ends in .csv, expected .npz, or .h5 in the layout of SHD"),
        ("text.npz", "text.npz: "),
        ("few.npz", "there is no array 'samples', expected times, units, samples, labels"),
        ("pickle.npz", "pickle.npz: .*allow_pickle"),
        ("shapes.npz", "expected one entry of each for a spike"),
        ("beyond.npz", "samples run from 0 to 5, but there are labels of 2"),
        ("one.npz", "class 1 has one recording, expected two or more"),
    ],
)
def test_bad_files_are_refused(what, message, tmp_path):
    path, given = tmp_path / what, dict(times=[0.1, 0.2], units=[0, 1], samples=[0, 1], labels=[0, 1])
    match what:
        case "table.csv" | "text.npz":
            path.write_text("time,unit\n0.1,0\n")
        case "few.npz":
            np.savez(path, times=[0.1], units=[0], labels=[0])
        case "pickle.npz":
            np.savez(path, **given | {"labels": np.array([0, None], object)})
        case "shapes.npz":
            np.savez(path, **given | {"units": [0]})
        case "beyond.npz":
            np.savez(path, **given | {"samples": [0, 5]})
        case "one.npz":
            np.savez(path, times=[0.1] * 3, units=[0] * 3, samples=[0, 1, 2], labels=[0, 0, 1])
    with pytest.raises((ValueError, OSError), match=message):
        own_splits(path)


def volleys(rate, samples, seed):
    """Two classes by which twenty of forty channels spike more; ``rate`` is that of a channel on average [Hz]."""
    rng, labels = np.random.default_rng(seed), np.arange(samples) % 2
    times = [np.sort(rng.uniform(0, 1, rng.poisson(40 * rate))) for _ in labels]
    more = [(rng.random(len(each)) < 0.8).astype(int) for each in times]
    units = [
        20 * (label ^ (1 - each)) + rng.integers(0, 20, len(each)) for label, each in zip(labels, more, strict=True)
    ]
    return from_lists(times, units, labels, inputs=40)


@pytest.mark.parametrize("initialiser", ["mixed", "mean-driven"])
@pytest.mark.parametrize("rate", [2, 200])
def test_data_of_any_rate_are_learnt_alike(initialiser, rate):
    train, test = volleys(rate, 128, 0), volleys(rate, 64, 1)
    network = Network(40, 2, hidden=(16,), initialiser=initialiser)
    trainer = EventPropTrainer(network, TrainConfig(epochs=4, batch_size=16))
    result = trainer.fit(Splits(train, None, test), progress=False)
    assert trainer.evaluate(result.params, test)["accuracy"] > 0.9


def test_own_data_are_trained_on(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(1)
    labels = np.arange(40) % 2
    times = [rng.uniform(0, 0.05, 12) for _ in labels]
    write_npz(tmp_path / "mine.npz", times, [rng.integers(0, 4, 12) + 4 * k for k in labels], labels)
    monkeypatch.chdir(tmp_path)
    options = "--data mine.npz --epochs 2 --hidden 8 --batch-size 8 --duration 0.06"
    monkeypatch.setattr(sys, "argv", ["bench", *options.split()])
    assert bench.main() == 0
    (record,) = records.read_all(tmp_path / "runs")
    assert record["dataset"] == "own-mine" and record["config"]["samples"] == [32, 0, 8]
    assert record["config"]["training"]["channel_shift"] == 0  # nothing that suits another data set
    assert "mine.npz" not in str(record["config"])
