"""Gradients of several trainers side by side."""

from tiny_data import tiny_data, tiny_network

from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig
from gradlab.measuring.evaluation import compare_gradients
from solvers.surrogates import Surrogate


def trainers(strength=0.0, **scales):
    config = TrainConfig(batch_size=8, rate_strength=strength)
    found = {"eventprop": EventPropTrainer(tiny_network(), config)}
    return found | {
        name: BPTTTrainer(tiny_network(), config, surrogate=Surrogate("superspike", 10.0, scale))
        for name, scale in scales.items()
    }


def test_gradients_are_those_of_the_loss_whatever_restrains_the_rate():
    data = tiny_data(16)
    stages = dict.fromkeys(("before", "after"), trainers()["eventprop"].init(data))
    free, restrained = (compare_gradients(trainers(strength, bptt=1.0), stages, data) for strength in (0.0, 1.0))
    assert free == restrained and list(free) == list(stages)
    assert 0 < free["before"]["bptt"]["layers.0.w_in"]["cosine"] < 1


def test_without_an_exact_method_there_is_nothing_to_compare_with():
    data, some = tiny_data(16), trainers(bptt=1.0)
    params = some.pop("eventprop").init(data)
    assert compare_gradients(some, {"before": params}, data) == {"before": {}}


def test_a_gradient_of_zero_has_no_direction():
    data, both = tiny_data(16), trainers(bptt=0.0)
    found = compare_gradients(both, {"before": both["eventprop"].init(data)}, data)["before"]["bptt"]
    assert found["layers.0.w_in"]["cosine"] is None and found["readout.w"]["cosine"] > 0.9
