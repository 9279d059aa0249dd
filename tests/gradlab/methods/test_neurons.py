"""Networks of neurons other than LIF train by every method: exact gradients come from the general solver, slowly."""

import jax
import numpy as np
import pytest
from tiny_data import tiny_data, tiny_network

from gradlab import EventPropTrainer, TrainConfig
from gradlab.data import Splits
from gradlab.methods import METHODS
from gradlab.training.loop import Trainer
from solvers.neurons import NEURONS

CONFIG = TrainConfig(epochs=2, batch_size=8, learning_rate=0.02, rate_strength=0.0)
# The one that is the proof; the others take as long again.
OTHERS = [pytest.param(name, marks=() if name == "adaptive" else pytest.mark.slow) for name in NEURONS if name != "lif"]


LIF_ONLY = ("eventprop-smooth", "spikeprop", "e-prop")


# The true derivative leaves hidden layers as they are.
@pytest.mark.parametrize("method", [name for name in METHODS if name not in (*LIF_ONLY, "true-derivative")])
@pytest.mark.parametrize("neuron", OTHERS)
def test_another_neuron_trains(neuron, method):
    network = tiny_network((3,), neuron=neuron, tau_syn=5e-3)
    trainer = Trainer(network, CONFIG, METHODS[method]())
    data = tiny_data(16)
    result = trainer.fit(Splits(data, None, data), progress=False)
    assert (result.status, result.epochs) == ("ok", 2), result.reason
    assert result.history["hidden_rate_hz"][0] > 0
    start = trainer.init()
    for before, after in zip(jax.tree.leaves(start.layers), jax.tree.leaves(result.params.layers), strict=True):
        assert np.isfinite(after).all() and after.shape == before.shape
    assert np.any(result.params.layers[0].w_in != start.layers[0].w_in)
    assert type(result.params.layers[0]) is NEURONS[neuron].params


def test_both_methods_see_one_neuron():
    """The same weights give nearly the same answer in continuous time and on a fine grid."""
    network = tiny_network((3,), neuron="adaptive", tau_syn=5e-3, other_constants=(("jump", 0.3),))
    params = network.init(jax.random.key(1))
    assert float(params.layers[0].jump) == pytest.approx(0.3)
    trainer = Trainer(network, CONFIG, METHODS["eventprop"]())
    events, _ = trainer.batch(tiny_data(8), np.arange(8))
    exact = trainer.forward(params, events)
    grid = Trainer(network, CONFIG, METHODS["bptt"](dt=1e-4)).forward(params, events)
    assert exact.counts[0].sum() > 5
    np.testing.assert_allclose(grid.counts[0].sum(), exact.counts[0].sum(), rtol=0.15)
    np.testing.assert_allclose(grid.logits, exact.logits, atol=0.1 * np.abs(exact.logits).max())


def test_an_engine_refuses_a_neuron_by_name():
    with pytest.raises(ValueError, match="engine numba does not simulate neuron 'adaptive': choose ode"):
        EventPropTrainer(tiny_network(neuron="adaptive"), CONFIG, engine="numba")
