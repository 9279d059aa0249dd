"""Feedback alignment: BPTT-SG with the weights themselves on the way back, else what an identity of sums gives."""

import jax
import numpy as np
import pytest
from plain_grid import method_gradient, one_sided, plain_loss, problem
from small_layers import assert_close
from tiny_data import tiny_data, tiny_network, tiny_splits

from gradlab import TrainConfig
from gradlab.methods import BPTT, FeedbackAlignment
from gradlab.training.loop import Trainer


@pytest.fixture
def transposed(monkeypatch):
    """The weights themselves on the way back."""

    def use(params):
        monkeypatch.setattr(FeedbackAlignment, "feedback", lambda self, network, dtype: params)

    return use


@pytest.mark.usefixtures("float64")
class TestInDoublePrecision:
    @pytest.mark.parametrize("loss", ["exp", "max", "ttfs"])
    def test_with_the_weights_themselves_it_is_bptt(self, loss, transposed):
        delay, checkpoint = {"exp": (1e-3, False), "max": (0.0, True), "ttfs": (2e-3, False)}[loss]
        network, params, events, labels = problem((6, 5), loss=loss, delay=delay)
        transposed(params)
        value, gradient = method_gradient(FeedbackAlignment(checkpoint=checkpoint), network, params, events, labels)
        usual, expected = method_gradient(BPTT(), network, params, events, labels)
        assert value[1].counts[0].sum() > 50
        assert_close((value[0], gradient), (usual[0], expected), rtol=1e-12)

    def test_of_another_neuron_it_is_bptt_too(self, transposed):
        network, params, events, labels = problem((6,), neuron="adaptive")
        transposed(params)
        _, gradient = method_gradient(FeedbackAlignment(), network, params, events, labels)
        _, expected = method_gradient(BPTT(), network, params, events, labels)
        assert_close(gradient, expected, rtol=1e-12)

    @pytest.mark.parametrize("reset_gradient", [True, False])
    def test_random_weights_replace_all_weights_on_the_way_back(self, reset_gradient):
        network, params, events, labels = problem((6, 5))
        method = FeedbackAlignment(reset_gradient=reset_gradient, feedback_seed=4)
        back = method.feedback(network, np.float64)
        plain = plain_loss(
            network, method, events, labels,
            hear=[one_sided(layer.w_rec) for layer in back.layers], project=[one_sided(back.layers[1].w_in)],
            read=one_sided(back.readout.w), reset_gradient=reset_gradient,
        )  # fmt: skip
        (value, _), gradient = method_gradient(method, network, params, events, labels)
        expected = jax.jit(jax.value_and_grad(plain))(params)
        assert_close((value, gradient), expected)
        _, usual = method_gradient(BPTT(reset_gradient=reset_gradient), network, params, events, labels)
        assert np.abs(gradient.layers[0].w_in - usual.layers[0].w_in).max() > 1e-3 * np.abs(usual.layers[0].w_in).max()


def test_the_way_back_follows_its_own_seed_and_is_not_where_the_weights_start():
    network = tiny_network()
    drawn = [FeedbackAlignment(feedback_seed=seed).feedback(network, np.float32).layers[0].w_rec for seed in (0, 0, 1)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.all(drawn[0] != drawn[2]) and np.all(drawn[0] != network.init(jax.random.key(0)).layers[0].w_rec)


def test_delays_are_refused_by_name():
    with pytest.raises(ValueError, match="feedback-alignment goes back without delays that are parameters"):
        FeedbackAlignment().check(tiny_network(input_delays="channels", longest_delay=0.01))


def test_it_learns():
    config = TrainConfig(epochs=20, batch_size=8, learning_rate=0.02, rate_strength=0.0)
    trainer = Trainer(tiny_network(), config, FeedbackAlignment())
    result = trainer.fit(tiny_splits(), progress=False)
    assert result.history["train_loss"][-1] < 0.5 * result.history["train_loss"][0]
    assert trainer.evaluate(result.params, tiny_data(64, 5))["accuracy"] > 0.9
