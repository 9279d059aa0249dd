"""Stochastic neurons as a method: reproducible, another draw in each step, and what many trials tell."""

import dataclasses

import jax
import numpy as np
import pytest
from tiny_data import assert_same, tiny_data, tiny_network, tiny_splits

from gradlab import TrainConfig
from gradlab.measuring.trials import over_trials
from gradlab.methods import BPTT, Stochastic
from gradlab.training.loop import Trainer
from solvers.escape import Escape

CONFIG = TrainConfig(epochs=20, batch_size=8, learning_rate=0.02, rate_strength=0.0)


@pytest.fixture(scope="module")
def trained():
    trainer = Trainer(tiny_network(), CONFIG, Stochastic())
    return trainer, trainer.fit(tiny_splits(), progress=False)


def test_it_learns(trained):
    trainer, result = trained
    assert result.history["train_loss"][-1] < 0.5 * result.history["train_loss"][0]
    data = tiny_data(64, 5)
    accuracy = trainer.evaluate(result.params, data)["accuracy"]
    assert accuracy > 0.85 and trainer.evaluate(result.params, data)["accuracy"] == accuracy


def test_trials(trained):
    trainer, result = trained
    start, data = trainer.init(), tiny_data(61, 5)  # no batch of 8 divides it
    found = over_trials(trainer, start, data, 10)
    assert found == over_trials(trainer, start, data, 10)
    assert len(found["accuracies"]) == 10 and found["accuracy"] == pytest.approx(np.mean(found["accuracies"]))
    assert found["deviation"] == pytest.approx(np.std(found["accuracies"], ddof=1)) and found["deviation"] > 0
    assert 0.1 < found["fano_factor"] < 1.5 and found["spikes_per_sample"] > 1
    other = Trainer(tiny_network(), dataclasses.replace(CONFIG, seed=1), Stochastic())
    assert over_trials(other, start, data, 10)["accuracies"] != found["accuracies"]
    after = over_trials(trainer, result.params, data, 10)
    assert after["expected_accuracy"] >= after["accuracy"] > 0.85


def test_without_noise_all_trials_are_the_same(trained):
    _, result = trained
    network, data = tiny_network(), tiny_data(16, 5)
    sharp = over_trials(Trainer(network, CONFIG, Stochastic(escape=Escape(slope=1e6))), result.params, data, 3)
    still = Trainer(network, CONFIG, BPTT()).evaluate(result.params, data)
    assert sharp["fano_factor"] == sharp["deviation"] == 0
    assert sharp["accuracy"] == sharp["expected_accuracy"] == pytest.approx(still["accuracy"])
    assert sharp["spikes_per_sample"] == pytest.approx(still["spikes_per_sample"])
    with pytest.raises(ValueError, match="trials is 1, expected 2 at least"):
        over_trials(Trainer(network, CONFIG, Stochastic()), result.params, data, 1)


def test_a_training_is_reproducible():
    config = TrainConfig(epochs=1, batch_size=8)
    ends = [Trainer(tiny_network(), config, Stochastic()).fit(tiny_splits(), progress=False).params for _ in range(2)]
    assert_same(*ends)


def test_each_step_of_a_training_draws_anew():
    trainer = Trainer(tiny_network(), CONFIG, Stochastic())
    params, (events, _) = trainer.init(), trainer.batch(tiny_data(8), np.arange(8))
    run = lambda seed: trainer.method.forward(trainer.network, params, events, (), jax.random.key(seed)).counts[0]  # noqa: E731
    assert np.any(run(0) != run(1))


def test_delays_are_refused_by_name():
    with pytest.raises(ValueError, match="stochastic draws no spikes of layers with delays that are parameters"):
        Stochastic().check(tiny_network(input_delays="channels", longest_delay=0.01))
