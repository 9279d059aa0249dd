"""Trainings that stop at any moment go on to the same end; files of other trainings are refused."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest
from killed_training import CONFIG, NETWORK, make_trainer
from tiny_data import assert_same, interrupted, tiny_data, tiny_splits, without_times

from gradlab import BPTTTrainer, EventPropTrainer
from gradlab.training import archive, checkpoints

ROOT = Path(__file__).parents[3]
METHODS = ("eventprop", "bptt")


@pytest.fixture(scope="module")
def uninterrupted():
    """What each method reaches without a checkpoint."""
    return {method: make_trainer(method).fit(tiny_splits(), progress=False) for method in METHODS}


def assert_same_result(result, expected):
    assert_same(result.params, expected.params)
    assert without_times(result.history) == without_times(expected.history)
    assert (result.status, result.epochs) == (expected.status, expected.epochs) == ("ok", CONFIG.epochs)
    assert len(result.history["step_s"]) == len(expected.history["step_s"])


# Epochs that are saved at each moment. Five steps an epoch; the first checkpoint is that of the first one.
MOMENTS = [
    pytest.param("eventprop", "step", 1, 0, marks=pytest.mark.slow),
    ("eventprop", "step", 8, 1),
    ("bptt", "step", 15, 2),
    ("eventprop", "write", 2, 1),
    ("eventprop", "rename", 1, 0),
]


@pytest.mark.parametrize(("method", "moment", "number", "saved"), MOMENTS)
def test_killed_training_goes_on_to_the_same_end(method, moment, number, saved, uninterrupted, tmp_path, monkeypatch):
    path = tmp_path / "new" / "state.npz"
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "gradlab")])
    program = Path(__file__).parent / "killed_training.py"
    done = subprocess.run(
        [sys.executable, program, method, path, moment, str(number)],
        env=os.environ | {"PYTHONPATH": search}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    epochs, began = [], EventPropTrainer._epoch if method == "eventprop" else BPTTTrainer._epoch

    def noted(self, *arguments):
        epochs.append(1)
        return began(self, *arguments)

    trainer = make_trainer(method)
    monkeypatch.setattr(type(trainer), "_epoch", noted)
    result = trainer.fit(tiny_splits(), progress=False, checkpoint=path, resume=True)
    assert len(epochs) == CONFIG.epochs - saved
    assert_same_result(result, uninterrupted[method])
    assert list(path.parent.iterdir()) == [path]  # nothing half written, no lock


def test_a_finished_training_is_read_back(uninterrupted, tmp_path):
    path = tmp_path / "state.npz"
    trainer = make_trainer("eventprop")
    assert_same_result(trainer.fit(tiny_splits(), progress=False, checkpoint=path), uninterrupted["eventprop"])
    before = path.read_bytes()
    again = make_trainer("eventprop").fit(tiny_splits(), progress=False, checkpoint=path, resume=True)
    assert_same_result(again, uninterrupted["eventprop"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_without_resume_it_begins_anew_and_loses_nothing(uninterrupted, tmp_path):
    """What was there stays until an epoch is done, and beside the new one afterwards."""
    path, trainer = tmp_path / "state.npz", make_trainer("eventprop")
    trainer.fit(tiny_splits(), progress=False, checkpoint=path)
    before, step = path.read_bytes(), trainer._jit_step
    trainer._jit_step = interrupted(step, 3)
    assert trainer.fit(tiny_splits(), progress=False, checkpoint=path).epochs == 0
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    for number in (1, 2):
        trainer._jit_step = interrupted(step, 8)
        assert trainer.fit(tiny_splits(), progress=False, checkpoint=path).epochs == 1
        assert path.read_bytes() != before
        assert (tmp_path / "state.1.npz").read_bytes() == before
        assert (tmp_path / "state.2.npz").exists() == (number == 2)
    trainer._jit_step = step
    result = trainer.fit(tiny_splits(), progress=False, checkpoint=str(path), resume=True)
    assert_same_result(result, uninterrupted["eventprop"])
    assert len(result.history["step_s"]) == 15 and len(list(tmp_path.iterdir())) == 3


def test_interrupted_training_goes_on(uninterrupted, tmp_path):
    trainer, path = make_trainer("eventprop"), tmp_path / "state.npz"
    step = trainer._jit_step
    trainer._jit_step = interrupted(step, 12)
    result = trainer.fit(tiny_splits(), progress=False, checkpoint=path)
    assert (result.status, result.epochs) == ("interrupted", 2)
    trainer._jit_step = step
    changed(path, tmp_path / "old.npz", lambda progress, _: progress.pop("means"))  # as before spikes shared a pool
    for each in (path, tmp_path / "old.npz"):
        again = trainer.fit(tiny_splits(), progress=False, checkpoint=each, resume=True)
        assert_same_result(again, uninterrupted["eventprop"])


def test_divergence_leaves_the_last_good_state(uninterrupted, tmp_path):
    """The gradient of the last epoch's first step is not finite."""
    trainer, path = make_trainer("bptt"), tmp_path / "state.npz"
    step, calls = trainer._jit_step, []

    def broken(*arguments, **settings):
        calls.append(1)
        trained, state, metrics = step(*arguments, **settings)
        return trained, state, metrics._replace(gradient_norm=np.inf if len(calls) == 11 else metrics.gradient_norm)

    trainer._jit_step = broken
    result = trainer.fit(tiny_splits(), progress=False, checkpoint=path)
    assert (result.status, result.epochs) == ("diverged", 2)
    assert "with a gradient of norm inf at step 11: lower the learning rate" in result.reason
    trainer._jit_step = step
    again = trainer.fit(tiny_splits(), progress=False, checkpoint=path, resume=True)
    assert_same_result(again, uninterrupted["bptt"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "state.npz"
    make_trainer("eventprop").fit(tiny_splits(), progress=False, checkpoint=path)
    return path


SPLITS = tiny_splits()
OTHERS = {
    "training.learning_rate 0.01 (now 0.02)": (dict(learning_rate=0.02), {}, SPLITS),
    "training.epochs 3 (now 4)": (dict(epochs=4), {}, SPLITS),
    "network.tau_mem 0.02 (now 0.03)": ({}, dict(tau_mem=0.03), SPLITS),
    "training_data tiny": ({}, {}, SPLITS._replace(train=tiny_data(43, 7))),
    "validation_data tiny": ({}, {}, SPLITS._replace(validation=None)),
}


@pytest.mark.parametrize("message", OTHERS)
def test_other_settings_are_refused(message, finished):
    training, network, splits = OTHERS[message]
    trainer = EventPropTrainer(dataclasses.replace(NETWORK, **network), dataclasses.replace(CONFIG, **training))
    before = finished.read_bytes()
    with pytest.raises(ValueError, match="is of a training with other settings: ") as caught:
        trainer.fit(splits, progress=False, checkpoint=finished, resume=True)
    assert message in str(caught.value) and "Give the same settings to go on with it" in str(caught.value)
    assert finished.read_bytes() == before


def test_the_other_method_is_refused(finished):
    with pytest.raises(
        ValueError,
        match=r"method eventprop \(now bptt\), options.engine auto \(now None\), options.dt None \(now 0.001\)",
    ):
        make_trainer("bptt").fit(SPLITS, progress=False, checkpoint=finished, resume=True)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a checkpoint at all"])
def test_a_file_of_something_else_is_refused(content, tmp_path):
    path = tmp_path / "state.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="state.npz is no checkpoint of gradlab .*: remove it"):
        make_trainer("eventprop").fit(SPLITS, progress=False, checkpoint=path, resume=True)


def test_what_is_no_file_is_refused(tmp_path):
    for resume in (False, True):
        with pytest.raises(OSError, match="is no file: remove it, or choose another name"):
            make_trainer("eventprop").fit(SPLITS, progress=False, checkpoint=tmp_path, resume=resume)


def refused(path, message):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        make_trainer("eventprop").fit(SPLITS, progress=False, checkpoint=path, resume=True)
    assert path.read_bytes() == before


def changed(source, path, change):
    """A copy of a checkpoint with a right checksum, after a change of its text and arrays."""
    text, arrays = archive.read(source, 2**20)
    change(text["progress"], arrays)
    path.write_bytes(archive.packed(text, arrays))


def test_changed_bits_are_noticed(finished, tmp_path):
    path, content = tmp_path / "x.npz", finished.read_bytes()
    for position in range(0, len(content), len(content) // 50):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(ValueError, match="x.npz is no checkpoint of gradlab .*checksum|another version"):
            archive.read(path, 2**20)


def test_an_archive_that_claims_to_be_larger_than_its_file_is_not_unpacked(finished, tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("json.npy", bytes(2**24))
    (tmp_path / "x.npz").write_bytes(archive.signed(bomb.getvalue()))
    refused(tmp_path / "x.npz", "it would be larger than the file when unpacked")


IMPOSSIBLE = {
    "no history": lambda progress, _: progress.pop("history"),
    "history is a list": lambda progress, _: progress.update(history=[1]),
    "history is too short": lambda progress, _: progress["history"]["train_loss"].pop(),
    "history of words": lambda progress, _: progress["history"].update(train_loss=["1", "2", "3"]),
    "negative epochs": lambda progress, _: progress.update(epochs=-1),
    "epochs are true": lambda progress, _: progress.update(epochs=True),
    "too many capacities": lambda progress, _: progress["capacities"].append(128),
    "absurd capacities": lambda progress, _: progress.update(capacities=[2**40]),
    "absurd pool": lambda progress, _: progress.update(means=[0]),
    "random state of words": lambda progress, _: progress["random_state"].update(state="x"),
    "another generator": lambda progress, _: progress["random_state"].update(bit_generator="MT19937"),
    "NaN": lambda _, arrays: arrays["trained.layers.0.w_in"].fill(np.nan),
}


@pytest.mark.parametrize("change", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_state_is_refused(change, finished, tmp_path):
    changed(finished, tmp_path / "x.npz", change)
    refused(tmp_path / "x.npz", r"x\.npz holds an impossible state \(.*\): remove it and start anew")


@pytest.mark.parametrize("wrong", [np.zeros(3, np.float32), np.zeros(2)])
def test_arrays_of_other_shapes_or_types_are_refused(wrong, tmp_path):
    checkpoints.save(tmp_path / "x.npz", {"a": np.zeros(2, np.float32)}, {}, {})
    with pytest.raises(ValueError, match="other names, shapes or types"):
        checkpoints.load(tmp_path / "x.npz", {"a": wrong}, {})


def test_what_is_saved_is_read(tmp_path):
    """Numbers of any size and infinities, to the last bit."""
    state = {"a": (np.float32([np.inf, 1e-45, 1 / 3]), None), "b": np.int32(7)}
    progress = {"random_state": 2**127 + 1, "history": {"loss": [0.1, 1e-300]}}
    checkpoints.save(tmp_path / "x.npz", state, {"n": 1}, progress)
    loaded, said = checkpoints.load(tmp_path / "x.npz", jax.tree.map(np.zeros_like, state), {"n": 1})
    assert_same(loaded, state)
    assert said == progress


def test_a_checkpoint_of_another_layout_is_refused(finished, tmp_path):
    text, arrays = archive.read(finished, 2**20)
    (tmp_path / "new.npz").write_bytes(archive.packed(text | {"layout": 4}, arrays))
    refused(tmp_path / "new.npz", r"new.npz is a checkpoint of another version of gradlab \(layout 4")
    np.savez(tmp_path / "old.npz", text=np.array(json.dumps(text | {"layout": 2})), **arrays)
    refused(tmp_path / "old.npz", r"old.npz is a checkpoint of another version of gradlab \(layout 1 or 2")


def test_users_are_told_which_checkpoints_there_are(tmp_path):
    """Of the same settings, of others, and of another version."""
    found = partial(checkpoints.found, like="seed1-?")
    path = tmp_path / "seed1-a" / "state.npz"
    assert found(path, settings={"lr": 1}, resume=True) is None
    checkpoints.save(tmp_path / "seed10-b" / "state.npz", {}, {"lr": 1}, {})
    assert found(path, settings={"lr": 1}, resume=True) is None
    (tmp_path / "seed1-c").mkdir()
    (tmp_path / "seed1-c" / "state.npz").write_bytes(bytes(30) + b"text.npy")
    said = found(path, settings={"lr": 1}, resume=True)
    assert "nothing to resume" in said and "seed1-c/state.npz is a checkpoint of another version" in said
    assert found(path, settings={"lr": 1}, resume=False) is None
    other = tmp_path / "seed1-d" / "state.npz"
    checkpoints.save(other, {}, {"lr": 2}, {})
    os.utime(other, (2**32, 2**32))
    assert "lr 2 (now 1)" in found(path, settings={"lr": 1}, resume=True)
    assert found(other, settings={"lr": 2}, resume=True) is None
    assert "is there: --resume goes on from it" in found(other, settings={"lr": 2}, resume=False)
