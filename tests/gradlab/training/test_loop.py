"""Both trainers on data that a few steps learn; programs are compiled once for each method and shared."""

import jax
import numpy as np
import optax
import pytest
from tiny_data import assert_same, interrupted, tiny_data, tiny_network, tiny_splits, without_times

import gradlab.training.room
from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig
from gradlab.data import Splits, batch, evaluation_batches
from gradlab.networks.readouts import READOUTS
from gradlab.training import optimiser
from gradlab.training.trained import split_params

TRAINERS = (EventPropTrainer, BPTTTrainer)
CONFIG = TrainConfig(epochs=4, batch_size=8, learning_rate=0.01, channel_shift=1, seed=3)
NETWORK = tiny_network()


@pytest.fixture(scope="module", params=TRAINERS, ids=lambda trainer: trainer.__name__)
def fitted(request):
    """A trainer, its splits and what it reached."""
    trainer, splits = request.param(NETWORK, CONFIG), tiny_splits()
    trainer.room.capacities = (128,)  # more than enough
    return trainer, splits, trainer.fit(splits, progress=False)


def with_nan(params):
    (layer,) = params.layers
    return params._replace(layers=(layer._replace(w_in=layer.w_in.at[0, 0].set(np.nan)),))


def test_learns(fitted):
    _, splits, result = fitted
    history = result.history
    assert (result.status, result.reason) == ("ok", None)
    assert history["train_loss"][-1] < 0.8 * history["train_loss"][0]
    assert history["train_accuracy"][-1] > max(0.85, history["train_accuracy"][0])
    assert {len(values) for name, values in history.items() if name != "step_s"} == {CONFIG.epochs}
    assert len(history["step_s"]) == CONFIG.epochs * (len(splits.train) // CONFIG.batch_size)
    assert min(history["step_s"]) > 0


def test_last_parameters_are_returned(fitted):
    trainer, splits, result = fitted
    assert result.epochs == CONFIG.epochs
    last = result.history["validation_accuracy"][-1]
    assert trainer.evaluate(result.params, splits.validation)["accuracy"] == last


def test_constants_are_not_trained(fitted):
    trainer, _, result = fitted
    before, after = split_params(trainer.init()), split_params(result.params)
    assert_same(before[1], after[1])
    for a, b in zip(jax.tree.leaves(before[0]), jax.tree.leaves(after[0]), strict=True):
        assert np.any(a != b)


def test_nothing_is_traced_after_the_first_epoch(fitted):
    trainer, _, _ = fitted
    assert (trainer._jit_step._cache_size(), trainer._jit_evaluate._cache_size()) == (1, 1)


def test_deterministic(fitted):
    trainer, splits, result = fitted
    again = trainer.fit(splits, progress=False)
    assert_same(again.params, result.params)
    assert without_times(again.history) == without_times(result.history)


def test_initial_parameters_do_not_depend_on_the_method():
    first, second = (trainer(NETWORK, CONFIG).init() for trainer in TRAINERS)
    assert_same(first, second)
    other = EventPropTrainer(NETWORK, TrainConfig(seed=4)).init()
    assert np.any(first.layers[0].w_in != other.layers[0].w_in)


@pytest.mark.parametrize("fitted", TRAINERS[:1], indirect=True)
def test_buffers_grow_and_shrink_without_a_trace(fitted):
    trainer, splits, result = fitted
    for room in (32, 1024):
        trainer.room.capacities = (room,)
        again = trainer.fit(splits, progress=False)
        assert trainer.room.capacities == (128,)
        assert_same(again.params, result.params)
        assert without_times(again.history) == without_times(result.history)


@pytest.mark.parametrize("fitted", TRAINERS[:1], indirect=True)
def test_runaway_activity_is_an_overflow(fitted, monkeypatch):
    trainer, splits, _ = fitted
    monkeypatch.setattr(gradlab.training.room, "_HIGHEST_RATE", 10.0)
    monkeypatch.setattr(gradlab.training.room, "_ALWAYS", 0)
    monkeypatch.setattr(trainer.room, "capacities", (4,))
    result = trainer.fit(splits, progress=False)
    assert result.status == "overflow"
    assert "6 neurons emits more than 6 spikes" in result.reason and "lower the learning rate" in result.reason
    assert_same(result.params, trainer.init())


def test_not_a_number_is_a_divergence(fitted):
    trainer, splits, _ = fitted
    start = with_nan(trainer.init())
    result = trainer.fit(splits, start, progress=False)
    assert (result.status, result.epochs) == ("diverged", 0)
    assert "a parameter is not finite after step 0: lower the learning rate" in result.reason
    assert_same(result.params, start)


def test_infinite_step_is_a_divergence(monkeypatch):
    """Already the first and only step of an epoch: its loss is finite, what it leaves is not."""
    monkeypatch.setattr(optimiser, "schedule", lambda *_: np.inf)
    trainer = EventPropTrainer(NETWORK, TrainConfig(epochs=1, batch_size=8))
    result = trainer.fit(tiny_splits()._replace(train=tiny_data(8)), progress=False)
    assert (result.status, result.reason) == (
        "diverged",
        "a parameter is not finite after step 1: lower the learning rate",
    )
    assert_same(result.params, trainer.init())


@pytest.mark.parametrize("when", [3, 8])
def test_interrupt(fitted, monkeypatch, when):
    """In the first and in the second epoch of five steps."""
    trainer, splits, full = fitted
    step = trainer._jit_step
    monkeypatch.setattr(trainer, "_jit_step", interrupted(step, when))
    result = trainer.fit(splits, progress=False)
    assert (result.status, result.reason) == ("interrupted", f"stopped by the user after {when - 1} of 20 steps")
    assert result.epochs == (when - 1) // 5
    assert len(result.history["step_s"]) == when - 1
    assert result.history.get("train_loss", []) == full.history["train_loss"][: result.epochs]
    trainer._jit_step = step
    if result.epochs == 0:
        assert_same(result.params, trainer.init())
    else:
        score = trainer.evaluate(result.params, splits.validation)["accuracy"]
        assert score == full.history["validation_accuracy"][0]


def test_progress_goes_to_standard_error(fitted, capsys):
    trainer, splits, _ = fitted
    trainer.fit(splits)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert [f"epoch {n}: train_loss" in printed.err for n in (1, 4, 5)] == [True, True, False]


def test_evaluate_counts_every_sample_once(fitted):
    trainer, splits, result = fitted
    data, hits, losses, spikes = splits.test, [], [], []
    assert len(data) % CONFIG.batch_size
    for indices, weights in evaluation_batches(len(data), CONFIG.batch_size):
        events, labels = batch(data, indices, data.longest)
        output = trainer.forward(result.params, events)
        hits += list((np.argmax(output.logits, -1) == labels)[weights > 0])
        losses += list(optax.softmax_cross_entropy_with_integer_labels(output.logits, labels)[weights > 0])
        spikes += list(output.counts[0].sum(1)[weights > 0])
    evaluated = trainer.evaluate(result.params, data)
    assert len(hits) == len(data) and np.mean(spikes) > 0
    expected = {"accuracy": hits, "loss": losses, "spikes_per_sample": spikes}
    assert evaluated == pytest.approx({name: float(np.mean(values)) for name, values in expected.items()}, rel=1e-6)


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda trainer: trainer.__name__)
@pytest.mark.parametrize("loss", READOUTS)
def test_every_loss_has_a_gradient(loss, trainer):
    network = tiny_network(loss=loss)
    trainer = trainer(network, CONFIG)
    trainer.room.capacities = (128,) * len(trainer.room.capacities)
    params = trainer.init()
    gradient, output = trainer.gradient(params, *batch(tiny_data(8), np.arange(8), 12))
    assert np.isfinite(output.logits).all()
    for leaf in jax.tree.leaves(gradient):
        assert np.isfinite(leaf).all() and np.any(leaf != 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (tiny_data(16, inputs=10), "10 channels, the network 8"),
        (tiny_data(16, classes=4), "4 classes, the network only 2"),
        (tiny_data(7), "7 training samples, but batches of 8: lower batch_size"),
    ],
)
def test_data_that_do_not_fit(data, message):
    with pytest.raises(ValueError, match=message):
        EventPropTrainer(NETWORK, CONFIG).fit(Splits(data, data, data), progress=False)


def test_grid_that_does_not_fit():
    with pytest.raises(ValueError, match="whole number of steps"):
        BPTTTrainer(NETWORK, CONFIG, dt=0.7e-3)


@pytest.mark.parametrize("fitted", TRAINERS[:1], indirect=True)
def test_samples_that_run_away_are_counted_apart(fitted, monkeypatch):
    trainer, splits, result = fitted
    data = splits.test
    events, labels = trainer.batch(data, np.arange(len(data)))
    output = trainer.forward(result.params, events)
    spikes = np.asarray(output.counts[0].sum(1))
    limit = int(np.median(spikes))
    kept = spikes <= limit
    assert 0 < kept.sum() < len(data)
    monkeypatch.setattr(gradlab.training.room, "_HIGHEST_RATE", 0.0)
    monkeypatch.setattr(gradlab.training.room, "_ALWAYS", limit)
    monkeypatch.setattr(trainer.room, "capacities", (1,))
    with pytest.raises(gradlab.training.room.Runaway):
        trainer.evaluate(result.params, data)
    of_each = {
        "accuracy": np.argmax(output.logits, -1) == labels,
        "loss": optax.softmax_cross_entropy_with_integer_labels(output.logits, labels),
        "spikes_per_sample": spikes,
    }
    expected = {name: float(np.mean(np.asarray(values)[kept])) for name, values in of_each.items()}
    expected["runaway_share"] = float(1 - kept.mean())
    assert trainer.evaluate(result.params, data, strict=False) == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(gradlab.training.room, "_ALWAYS", int(spikes.min()) - 1)
    monkeypatch.setattr(trainer.room, "capacities", (1,))
    found = trainer.evaluate(result.params, data, strict=False)
    assert found["runaway_share"] == 1 and np.isnan(found["accuracy"]) and np.isnan(found["spikes_per_sample"])
