"""A training with patience ends early, with the parameters of its best epoch, also after a stop and a resumption."""

import dataclasses

import pytest
from killed_training import CONFIG, NETWORK
from tiny_data import assert_same, interrupted, tiny_splits, without_times

from gradlab import BPTTTrainer, EventPropTrainer
from gradlab.training.early_stopping import kept_epoch

ACCURACIES = 0.5, 0.7, 0.6, 0.7, 0.9  # by epoch, as if measured
PATIENT = dataclasses.replace(CONFIG, epochs=len(ACCURACIES), patience=2)


def validated(monkeypatch, trainer, first=0):
    """The trainer, whose epochs have those accuracies from the one with index ``first`` on."""
    values = iter(ACCURACIES[first:])
    monkeypatch.setattr(trainer, "evaluate", lambda *_: {"accuracy": next(values)})
    return trainer


@pytest.fixture(params=[EventPropTrainer, BPTTTrainer], ids=lambda trainer: trainer.__name__)
def make(request):
    return request.param


def test_ends_with_the_best_epoch(make, monkeypatch, capsys):
    epochs = []
    result = validated(monkeypatch, make(NETWORK, PATIENT)).fit(tiny_splits(), on_epoch=epochs.append)
    assert (result.status, result.epochs, result.kept) == ("ok", 4, 2)
    assert result.history["validation_accuracy"] == list(ACCURACIES[:4])
    assert_same(result.params, epochs[1].params)
    assert result.kept_figure("train_loss") == result.history["train_loss"][1]
    assert "no better epoch than 2 in 2: ends early" in capsys.readouterr().err


def test_without_patience_all_epochs_and_the_last_parameters(monkeypatch):
    epochs, config = [], dataclasses.replace(PATIENT, patience=0)
    trainer = validated(monkeypatch, EventPropTrainer(NETWORK, config))
    result = trainer.fit(tiny_splits(), progress=False, on_epoch=epochs.append)
    assert (result.epochs, result.kept, len(epochs)) == (5, 5, 5)
    assert_same(result.params, epochs[4].params)


def test_a_stopped_training_ends_with_the_same_epoch(make, monkeypatch, tmp_path):
    """Stopped in the third epoch of five steps, after the best one."""
    expected = validated(monkeypatch, make(NETWORK, PATIENT)).fit(tiny_splits(), progress=False)
    path, trainer = tmp_path / "state.npz", make(NETWORK, PATIENT)
    trainer._jit_step = interrupted(trainer._jit_step, 12)
    stopped = validated(monkeypatch, trainer).fit(tiny_splits(), progress=False, checkpoint=path)
    assert (stopped.status, stopped.epochs, stopped.kept) == ("interrupted", 2, 2)
    for first in (2, len(ACCURACIES)):  # goes on, then reads back: it would fail if it trained another epoch
        again = validated(monkeypatch, make(NETWORK, PATIENT), first)
        result = again.fit(tiny_splits(), progress=False, checkpoint=path, resume=True)
        assert (result.status, result.epochs, result.kept) == ("ok", 4, 2)
        assert_same(result.params, expected.params)
        assert without_times(result.history) == without_times(expected.history)


def test_patience_needs_held_out_groups(tmp_path):
    with pytest.raises(ValueError, match="patience is 2, but nothing is held out .* name validation groups"):
        EventPropTrainer(NETWORK, PATIENT).fit(tiny_splits()._replace(validation=None), checkpoint=tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("accuracies", "patience", "kept"), [([], 3, 0), ([0.1], 3, 1), ([0.1, 0.3, 0.3, 0.2], 3, 2), ([0.3, 0.1], 0, 2)]
)
def test_kept_epoch(accuracies, patience, kept):
    assert kept_epoch(accuracies, len(accuracies), patience) == kept
