"""Steps against a gradient, and the part of the change of the loss that the gradient accounts for."""

import jax
import numpy as np
import pytest
from tiny_data import tiny_data, tiny_network

from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig
from gradlab.data import batch
from gradlab.measuring.line_scans import follow, hidden_only, look, step
from gradlab.networks.losses import cross_entropy
from gradlab.training.trained import split_params

NETWORK = tiny_network(tau_syn=5e-3)
CONFIG = TrainConfig(batch_size=4, rate_strength=0.0)


@pytest.fixture(scope="module")
def problem():
    data = tiny_data(4)
    trainer = EventPropTrainer(NETWORK, CONFIG)
    params = trainer.init()
    layer = params.layers[0]
    return trainer, params._replace(layers=(layer._replace(w_in=layer.w_in + 1.0),)), batch(data, np.arange(4), 12)


def test_look_gives_the_loss_in_both_simulators(problem):
    trainer, params, (events, labels) = problem
    seen = look(trainer, params, events, labels)
    output = trainer.forward(params, events)
    assert seen.loss == pytest.approx(float(cross_entropy(output.logits, labels)), rel=1e-6)
    assert seen.counts.shape == (4, 6) and seen.counts.sum() > 10
    assert look(BPTTTrainer(NETWORK, CONFIG), params, events, labels).loss == pytest.approx(seen.loss, rel=0.1)


def test_a_step_has_its_length_and_leaves_constants_alone(problem):
    trainer, params, on = problem
    gradient = hidden_only(look(trainer, params, *on).gradient)
    moved = step(params, gradient, 0.3)
    assert (np.asarray(moved.readout.w) == np.asarray(params.readout.w)).all()
    assert moved.layers[0].tau_mem == params.layers[0].tau_mem
    squares = jax.tree.map(lambda x, y: float(np.sum((x - y) ** 2)), moved, params)
    assert sum(jax.tree.leaves(squares)) ** 0.5 == pytest.approx(0.3, rel=1e-4)


def test_a_short_step_is_seen_by_the_exact_gradient(problem):
    trainer, params, on = problem
    gradient = look(trainer, params, *on).gradient
    taken = follow(trainer, params, gradient, *on, length=0.02, points=4)
    assert taken.changed == 0 and taken.change < 0
    assert taken.seen == pytest.approx(taken.change, rel=0.02)


def test_a_long_step_changes_spike_counts(problem):
    trainer, params, on = problem
    taken = follow(trainer, params, look(trainer, params, *on).gradient, *on, length=10.0, points=2)
    assert taken.changed > 0.1


def test_no_direction_without_spikes(problem):
    _, params, _ = problem
    nothing = jax.tree.map(np.zeros_like, split_params(params)[0])
    with pytest.raises(ValueError, match="the gradient is zero"):
        step(params, nothing, 0.1)
