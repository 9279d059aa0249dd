"""E-prop: equal to what automatic differentiation gives where the paths are stopped that it leaves out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from plain_grid import matmul, method_gradient, one_sided, plain_loss, problem
from small_layers import assert_close
from tiny_data import tiny_data, tiny_network, tiny_splits

from gradlab import TrainConfig
from gradlab.data import batch
from gradlab.measuring.memory import residual_bytes
from gradlab.methods import BPTT, EProp
from gradlab.networks.losses import cross_entropy
from gradlab.training.loop import Trainer
from solvers.eprop import gradient
from solvers.neurons.lif import lif_params
from solvers.surrogates import Surrogate

SURROGATE = Surrogate("superspike", slope=5.0, scale=0.8)


def stopped(spikes, weights):
    """What spikes bring without a way back to them."""
    return jax.lax.stop_gradient(spikes) @ weights


@pytest.mark.usefixtures("float64")
class TestInDoublePrecision:
    @pytest.mark.parametrize("loss", ["exp", "mean"])
    def test_without_recurrence_it_is_bptt_without_a_gradient_through_the_reset(self, loss):
        network, params, events, labels = problem(loss=loss, recurrent=False)
        (value, output), found = method_gradient(EProp(surrogate=SURROGATE), network, params, events, labels)
        assert output.counts[0].sum() > 50
        (usual, _), expected = method_gradient(
            BPTT(surrogate=SURROGATE, reset_gradient=False), network, params, events, labels
        )
        assert_close((value, found), (usual, expected))
        plain = plain_loss(network, EProp(surrogate=SURROGATE), events, labels, reset_gradient=False)
        assert_close((value, found), jax.jit(jax.value_and_grad(plain))(params))

    @pytest.mark.parametrize("delay", [0.0, 1e-3, 3e-3])
    def test_with_recurrence_it_is_bptt_with_the_recurrent_spikes_stopped(self, delay):
        network, params, events, labels = problem(delay=delay)
        method = EProp(surrogate=SURROGATE)
        (value, _), found = method_gradient(method, network, params, events, labels)
        plain = plain_loss(network, method, events, labels, hear=[stopped], reset_gradient=False)
        assert_close((value, found), jax.jit(jax.value_and_grad(plain))(params))
        unstopped = jax.jit(jax.grad(plain_loss(network, method, events, labels, reset_gradient=False)))(params)
        left_out = np.abs(found.layers[0].w_in - unstopped.layers[0].w_in).max()
        assert left_out > 1e-3 * np.abs(unstopped.layers[0].w_in).max()

    def test_random_feedback_reaches_each_layer_straight(self):
        network, params, events, labels = problem((6, 5))
        method = EProp(feedback="random", feedback_seed=2, surrogate=SURROGATE)
        (value, _), found = method_gradient(method, network, params, events, labels)
        first, last = (each.w for each in method.signals(network, params))
        plain = plain_loss(
            network, method, events, labels, hear=[stopped] * 2, project=[stopped], read=one_sided(last),
            direct=[first], reset_gradient=False,
        )  # fmt: skip
        assert_close((value, found), jax.jit(jax.value_and_grad(plain))(params))
        assert np.abs(found.layers[0].w_rec).max() > 0


def test_memory_does_not_grow_with_the_duration():
    """Neither what is kept between the passes nor the arrays of a compiled gradient."""
    events, labels = batch(tiny_data(8), np.arange(8), 12)

    def needed(method, duration):
        network = tiny_network((20,), duration=duration)
        params = network.init(jax.random.key(0))

        def loss(params):
            return cross_entropy(method.forward(network, params, events, (), jax.random.key(0)).logits, labels)

        compiled = jax.jit(jax.grad(loss)).lower(params).compile()
        return residual_bytes(loss, params), compiled.memory_analysis().temp_size_in_bytes

    (short, short_arrays), (long, long_arrays) = (needed(EProp(), duration) for duration in (0.25, 2.0))
    assert long == short and long_arrays < 1.05 * short_arrays
    assert needed(BPTT(), 2.0)[0] > 5 * long


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"loss": "max"},
            "loss max has no learning signal for e-prop: .* a sum over time, mean or exp",
        ),
        ({"loss": "ttfs"}, "loss ttfs has no learning signal"),
        ({"neuron": "adaptive"}, "neuron 'adaptive' has no eligibility traces for e-prop: choose lif"),
        ({"neuron": "clamp"}, "neuron 'clamp' has no eligibility traces"),
        ({"constants": "gamma"}, "constants are gamma, but e-prop needs those that a layer shares"),
        ({"recurrent_delays": "neurons", "longest_delay": 0.01}, "e-prop has no traces of delays"),
        ({"hidden": (4, 3)}, "hidden are 2 layers, .* choose feedback random"),
        ({"delay": 1.5e-3}, "delay is 0.0015 s"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        EProp().check(tiny_network(**{"tau_syn": 5e-3} | settings))


def test_a_layer_with_time_constants_of_each_neuron_is_refused():
    layer = lif_params(jnp.ones((2, 3)), tau_mem=jnp.array([1e-2, 2e-2, 3e-2]))
    events, _ = batch(tiny_data(2), np.arange(2), 12)
    with pytest.raises(ValueError, match="e-prop is for time constants that a layer shares"):
        gradient(
            [layer], events, matmul, None, [None], jnp.ones((2, 2)), [jnp.ones((2, 3))], duration=0.1, dt=1e-3,
            delay=1e-3, surrogate=SURROGATE,
        )  # fmt: skip


@pytest.mark.parametrize("feedback", ["symmetric", "random"])
def test_it_learns(feedback):
    config = TrainConfig(epochs=20, batch_size=8, learning_rate=0.02, rate_strength=0.0)
    trainer = Trainer(tiny_network(), config, EProp(feedback=feedback))
    result = trainer.fit(tiny_splits(), progress=False)
    assert result.history["train_loss"][-1] < 0.5 * result.history["train_loss"][0]
    assert trainer.evaluate(result.params, tiny_data(64, 5))["accuracy"] > 0.9
