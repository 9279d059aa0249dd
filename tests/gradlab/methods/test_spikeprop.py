"""SpikeProp: EventProp where no neuron spikes twice, another gradient elsewhere; refusals; it learns."""

import jax
import numpy as np
import pytest
from plain_grid import problem
from small_layers import assert_close
from tiny_data import tiny_data, tiny_network, tiny_splits

from gradlab import TrainConfig
from gradlab.methods import EventProp, SpikeProp
from gradlab.networks.losses import cross_entropy
from gradlab.training.loop import Trainer


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("once", "loss"), [(True, "ttfs"), (False, "exp")])
def test_is_eventprop_exactly_where_no_neuron_spikes_twice(once, loss):
    network, params, events, labels = problem((6, 5), loss=loss, recurrent=not once)
    if once:  # what falls that deep does not come back; few spikes have to drive the layers that follow
        first, *others = [each._replace(reset=each.reset - 1e4) for each in network.spiking_layers(params)]
        layers = [first, *(each._replace(w_in=10 * abs(each.w_in)) for each in others)]
        params = network.with_spiking_layers(params, layers)
    found = {}
    for method in (EventProp("xla"), SpikeProp("xla")):

        def value(params, method=method):
            room = (128,) * len(network.spiking_sizes)
            output = method.forward(network, params, events, room, jax.random.key(0))
            return cross_entropy(output.logits, labels), output

        (loss_value, output), gradient = jax.jit(jax.value_and_grad(value, has_aux=True))(params)
        found[method.name] = loss_value, gradient
    assert output.counts[0].sum() > 10 and output.counts[1].sum() > 5
    assert (max(count.max() for count in output.spiking_counts) == 1) == once
    (one, gradient), (other, exact) = found["spikeprop"], found["eventprop"]
    assert one == other
    if once:
        assert_close(gradient, exact)
    else:
        w_in, reference = gradient.layers[0].w_in, exact.layers[0].w_in
        assert np.abs(w_in - reference).max() > 1e-3 * np.abs(reference).max()


@pytest.mark.parametrize("neuron", ["dead-time", "adaptive"])
def test_another_neuron_is_refused_by_name(neuron):
    with pytest.raises(ValueError, match=f"neuron '{neuron}' has no gradient without a path through the reset"):
        SpikeProp().check(tiny_network(neuron=neuron, tau_syn=5e-3))


def test_an_engine_without_it_is_refused_by_name():
    with pytest.raises(ValueError, match="engine ode has no gradient without a path through the reset"):
        SpikeProp("ode").check(tiny_network())


def test_it_learns():
    config = TrainConfig(epochs=20, batch_size=8, learning_rate=0.02, rate_strength=0.0)
    trainer = Trainer(tiny_network(), config, SpikeProp())
    result = trainer.fit(tiny_splits(), progress=False)
    assert result.history["train_loss"][-1] < 0.5 * result.history["train_loss"][0]
    assert trainer.evaluate(result.params, tiny_data(64, 5))["accuracy"] > 0.9
