"""Layers whose neurons are spread over the devices of a mesh axis: spikes and gradients are those of one device."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import pytest
from jax.sharding import PartitionSpec as P

from solvers.eventprop import lif_layer, neuron_specs
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

ROOT = Path(__file__).parents[3]


def over_two_devices(*calls):
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("two_shards.py"), ",".join(calls)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_neurons_over_two_devices_spike_and_learn_as_on_one_and_what_is_refused():
    found = over_two_devices("inside")
    assert found["spikes"] > 10 and found["inside"] < 1e-12, found
    for case, said in {
        "unchecked": "axis is 'neurons', but w_in does not vary over it: call the layer under jax.shard_map",
        "whole": "give it solvers.eventprop.neuron_specs(params, 'neurons') for the parameters",
        "events": "the events vary over the axis 'neurons' of the neurons: give all of them to each device",
        "rows": "w_rec has shape (3, 6) and type float64 on a device, expected (6, 3) and float64: the weights",
        "engine": "engine numba shares out no neurons over an axis: choose xla",
        "neuron": "neuron 'dead-time' cannot be shared out over an axis: choose lif",
        "delays": "delays are given beside an axis of neurons, expected none",
        "smoothing": "an axis of neurons is given, but also another gradient: leave one of them out",
    }.items():
        assert said in found[case]


@pytest.mark.slow  # a minute, most of it compiling in a process of its own
def test_gradients_outside_of_shard_map_and_beside_a_batch_that_is_spread():
    found = over_two_devices("outside", "beside_the_batch")
    assert max(found["outside"], found["beside_the_batch"]) < 1e-12, found


def test_an_axis_is_for_shard_map():
    params, events = lif_params(jnp.ones((2, 3))), pad_events([([0.01], [0])])
    with pytest.raises(ValueError, match="call the layer under jax.shard_map"):
        lif_layer(params, events, duration=0.1, capacity=4, axis="neurons")


def test_how_a_layer_is_spread():
    specs = neuron_specs(lif_params(jnp.ones((2, 3)), jnp.ones((3, 3)), tau_mem=jnp.full(3, 0.02)), "cards")
    assert specs.w_in == specs.w_rec == P(None, "cards") and specs.tau_mem == P("cards")
    assert specs.threshold == P() and specs.delays is None
