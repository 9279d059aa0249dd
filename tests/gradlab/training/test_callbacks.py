"""What a training tells those who follow it."""

import numpy as np
import pytest
from tiny_data import assert_same, tiny_network, tiny_splits

from gradlab import EventPropTrainer, TrainConfig

CONFIG = TrainConfig(epochs=2, batch_size=8, learning_rate=0.01)
TRAINER = EventPropTrainer(tiny_network(), CONFIG)


def test_steps_epochs_and_the_end():
    steps, epochs, ends = [], [], []
    result = TRAINER.fit(
        tiny_splits(), progress=False, on_step=steps.append, on_epoch=epochs.append, on_end=ends.append
    )  # fmt: skip
    history = result.history
    assert [(step.number, step.epoch) for step in steps] == [(n, 1 + (n > 5)) for n in range(1, 11)]
    for epoch in (1, 2):
        mine = [step for step in steps if step.epoch == epoch]
        for name, values in (("train_loss", "loss"), ("train_accuracy", "accuracy"), ("hidden_rate_hz", "rate_hz")):
            mean = np.mean([getattr(step, values) for step in mine])
            assert mean == pytest.approx(history[name][epoch - 1], rel=1e-5)
    assert [step.seconds for step in steps] == history["step_s"] and min(step.gradient_norm for step in steps) > 0
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert [epoch.figures["validation_accuracy"] for epoch in epochs] == history["validation_accuracy"]
    assert_same(epochs[-1].params, result.params)
    assert ends == [result]


def test_an_error_of_a_follower_loses_no_epoch(tmp_path):
    """In the second epoch; the first one goes on to the same end."""
    whole, path = TRAINER.fit(tiny_splits(), progress=False), tmp_path / "state.npz"

    def fail(step):
        if step.number == 7:
            raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network"):
        TRAINER.fit(tiny_splits(), progress=False, checkpoint=path, on_step=fail)
    steps = []
    again = TRAINER.fit(tiny_splits(), progress=False, checkpoint=path, resume=True, on_step=steps.append)
    assert [step.number for step in steps] == [6, 7, 8, 9, 10]
    assert_same(again.params, whole.params)


def test_a_follower_may_stop_a_training():
    ends = []

    def stop(step):
        raise KeyboardInterrupt

    TRAINER.fit(tiny_splits(), progress=False, on_step=stop, on_end=ends.append)
    assert [(end.status, end.reason) for end in ends] == [("interrupted", "stopped by the user after 1 of 10 steps")]
