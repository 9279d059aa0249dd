"""Tests that data which a network cannot take are refused before any work, wherever they meet."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_data import CLASSES, DURATION, INPUTS, tiny_data, tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig
from gradlab.data import SpikeData, Splits, check_match, check_splits, encoded_batch

TRAINERS = [EventPropTrainer, BPTTTrainer]
WRONG = [
    ({"inputs": INPUTS + 2}, "data have 10 channels, the network 8"),
    ({"inputs": INPUTS - 2}, "data have 6 channels, the network 8"),
    ({"classes": 4}, "data have 4 classes, the network only 2 outputs"),
]


def trainer_of(kind):
    return kind(tiny_network(), TrainConfig(epochs=1, batch_size=8))


def scaled(data, factor):
    return SpikeData(
        data.name, data.times * factor, data.units, data.offsets, data.labels, data.groups, data.inputs, data.classes
    )


@pytest.fixture
def no_work(monkeypatch):
    """Any computation is an error."""
    for kind in TRAINERS:
        monkeypatch.setattr(kind, "with_room", lambda *_: pytest.fail("work was done"))


@pytest.mark.parametrize("kind", TRAINERS)
@pytest.mark.parametrize(("sizes", "message"), WRONG)
def test_data_of_other_sizes(kind, sizes, message, no_work, tmp_path):
    trainer, wrong = trainer_of(kind), tiny_data(16, **sizes)
    params = trainer.init()
    with pytest.raises(ValueError, match=message):
        trainer.evaluate(params, wrong)
    with pytest.raises(ValueError, match=message):
        trainer.batch(wrong, np.arange(8))
    with pytest.raises(ValueError, match=message):
        encoded_batch(trainer.network, wrong, np.arange(8))
    for part in ("train", "validation", "test"):
        with pytest.raises(ValueError, match=f"{part} set: {message}"):
            trainer.fit(tiny_splits()._replace(**{part: wrong}), progress=False, checkpoint=tmp_path / "state.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", TRAINERS)
def test_times_in_another_unit(kind, no_work):
    trainer, wrong = trainer_of(kind), scaled(tiny_data(16), 1000)
    params = trainer.init()
    with pytest.raises(
        ValueError, match=r"median time 2\d\..*, last 49.*, duration 0.06 s\): are these milliseconds\?"
    ):
        trainer.evaluate(params, wrong)
    for part in ("train", "validation", "test"):
        with pytest.raises(ValueError, match=f"{part} set: almost all spikes come after .* divide by 1,000"):
            trainer.fit(tiny_splits()._replace(**{part: wrong}), progress=False)


@given(st.sampled_from([1e3, 1e6, 1e9]), st.floats(1e-4, 1e3), st.floats(0.3, 1), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_units_are_named_whatever_the_duration(factor, duration, filled, seed):
    """Spikes all over a trial, in another unit: refused; in seconds: taken."""
    times = np.random.default_rng(seed).uniform(0, filled * duration, 200)
    units, network = np.zeros(200, int), tiny_network(duration=duration, recurrent=False)
    make = lambda times: SpikeData.from_samples("x", [times], [units], [0], inputs=INPUTS, classes=CLASSES)  # noqa: E731
    check_match(network, make(times))
    unit = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}[factor]
    with pytest.raises(ValueError, match=f"are these {unit}"):
        check_match(network, make(times * factor))


def test_a_shorter_duration_than_the_data_is_a_choice():
    check_match(tiny_network(duration=DURATION / 8), tiny_data(16))
    check_match(tiny_network(), SpikeData.from_samples("x", [[]], [[]], [0], inputs=INPUTS, classes=CLASSES))


def test_absolute_times_are_not_taken_for_milliseconds():
    late = tiny_data(16)
    late = SpikeData("late", late.times + 0.1, late.units, late.offsets, late.labels, None, late.inputs, late.classes)
    with pytest.raises(ValueError, match="give seconds from the start of each sample, or raise duration"):
        check_match(tiny_network(), late)


def test_names_of_classes_agree_between_the_parts():
    named = lambda names: SpikeData.from_samples(  # noqa: E731
        "x", [[0.01]] * 8, [[1]] * 8, names * 4, inputs=INPUTS, classes=CLASSES
    )
    splits = tiny_splits()._replace(train=named(["a", "b"]), validation=named(["c", "a"]))
    with pytest.raises(ValueError, match="classes of the validation set are a, c, those of the training set a, b"):
        trainer_of(EventPropTrainer).fit(splits, progress=False)


def test_something_else_than_splits():
    with pytest.raises(ValueError, match=r"got SpikeData to train on, expected Splits\(train"):
        check_splits(tiny_network(), tiny_data(8))


def test_labels_that_begin_at_one_are_a_warning():
    train, _, test = tiny_splits()
    network = replace(tiny_network(), outputs=CLASSES + 1)
    check_splits(network, Splits(train, None, test))
    shifted = replace(train, labels=train.labels + 1, classes=CLASSES + 1)
    with pytest.warns(UserWarning, match="no training sample has label 0, the smallest is 1: labels are"):
        check_splits(network, Splits(shifted, None, test))
