"""The control: nothing in the hidden layers, BPTT's gradient in the readout."""

import jax
import numpy as np
import pytest
from plain_grid import method_gradient, problem
from small_layers import assert_close
from tiny_data import tiny_network, tiny_splits

from gradlab import TrainConfig
from gradlab.methods import BPTT, TrueDerivative
from gradlab.training.loop import Trainer
from solvers.surrogates import Surrogate


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("loss", ["exp", "mean", "max"])
def test_zero_in_hidden_layers_and_bptt_in_the_readout(loss):
    network, params, events, labels = problem((6, 5), loss=loss)
    (value, _), gradient = method_gradient(TrueDerivative(), network, params, events, labels)
    (usual, _), expected = method_gradient(BPTT(), network, params, events, labels)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(gradient.layers))
    assert any(np.any(leaf != 0) for leaf in jax.tree.leaves(expected.layers))
    assert_close((value, gradient.readout), (usual, expected.readout), rtol=1e-13)
    _, unscaled = method_gradient(BPTT(surrogate=Surrogate(scale=0.0)), network, params, events, labels)
    assert_close(gradient, unscaled, rtol=1e-13)


def test_only_the_readout_learns():
    config = TrainConfig(epochs=20, batch_size=8, learning_rate=0.02, rate_strength=0.0, lift_silent=0.0)
    trainer = Trainer(tiny_network(), config, TrueDerivative())
    start, result = trainer.init(), trainer.fit(tiny_splits(), progress=False)
    for before, after in zip(jax.tree.leaves(start.layers), jax.tree.leaves(result.params.layers), strict=True):
        np.testing.assert_array_equal(before, after)
    assert result.history["train_loss"][-1] < 0.8 * result.history["train_loss"][0]


def test_a_readout_that_spikes_is_refused_by_name():
    with pytest.raises(ValueError, match="loss ttfs has a readout that spikes"):
        Trainer(tiny_network(loss="ttfs"), TrainConfig(), TrueDerivative())


def test_a_step_that_does_not_divide_the_delay_is_refused():
    with pytest.raises(ValueError, match="delay is 0.001 s"):
        Trainer(tiny_network(), TrainConfig(), TrueDerivative(dt=7e-4))
