import jax
import jax.numpy as jnp
import pytest

from gradlab.measuring import memory
from gradlab.measuring.memory import allocation
from solvers.eventprop import lif_layer
from solvers.events import Events
from solvers.neurons.lif import LIFParams

needs_compiler = pytest.mark.skipif(
    not memory.compiles_for_h100(), reason="XLA's compiler for NVIDIA's GPUs is not installed (extra gpu-compile)"
)
CARDS = [False, pytest.param(True, marks=needs_compiler)]


def array(*shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


@pytest.mark.parametrize("h100", CARDS)
def test_allocation_of_a_program_that_can_be_counted(h100):
    def running_sums(x):
        """Reverse mode of this scan keeps a value of every step; the matrix cannot take the place of anything."""
        return jax.grad(lambda y: jax.lax.scan(lambda c, z: (jnp.sin(c + z), None), y[0], y)[0].sum())(x)

    steps, size = 50, 1000
    found = allocation(running_sums, array(steps, size), h100=h100)
    assert found.arguments == found.outputs == 4 * steps * size
    assert 4 * steps * size <= found.temporaries < 8 * steps * size
    assert found.total == found.arguments + found.outputs + found.temporaries


def eventprop_gradient(batch, capacity, inputs=100, neurons=64, events=500):
    params = LIFParams(array(inputs, neurons), array(neurons, neurons), *4 * [array()])
    spikes = Events(array(batch, events), array(batch, events, dtype=jnp.int32), array(batch, dtype=jnp.int32))

    def loss(w_in, params, events):
        spikes = lif_layer(params._replace(w_in=w_in), events, duration=1.0, capacity=capacity, engine="xla")
        return jnp.sum(jnp.where(spikes.valid, spikes.times, 0))

    return jax.grad(loss), params.w_in, params, spikes


@pytest.mark.parametrize("h100", CARDS)
def test_eventprop_takes_a_few_numbers_for_each_spike_it_has_room_for(h100):
    small, large = (allocation(*eventprop_gradient(16, capacity), h100=h100) for capacity in (1024, 4096))
    numbers = (large.temporaries - small.temporaries) / 4 / (16 * 3072)
    assert 3 <= numbers <= (7 if h100 else 10)
    assert small.arguments == large.arguments and small.outputs == large.outputs


def test_without_the_compiler_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(allocation_module(), "compiles_for_h100", lambda: False)
    allocation_module()._h100.cache_clear()
    with pytest.raises(ValueError, match=r"pip install 'gradlab\[gpu-compile\]'"):
        allocation(lambda x: x, array(3), h100=True)


def allocation_module():
    import importlib

    return importlib.import_module("gradlab.measuring.memory.allocation")
