"""How JAX calls the kernels for GPUs: compiled for one that is not there, and refused on a CPU."""

import re

import jax
import jax.numpy as jnp
import pytest
from small_layers import SETTINGS, some_events, some_params

from gradlab.measuring import memory
from solvers.eventprop import lif_layer
from solvers.eventprop.engines.cuda import build, launch

needs_compiler = pytest.mark.skipif(
    not memory.compiles_for_h100(), reason="XLA's compiler for NVIDIA's GPUs is not installed (extra gpu-compile)"
)


def total(params, events):
    spikes = lif_layer(params, events, **SETTINGS, engine="cuda")
    return jnp.sum(jnp.where(spikes.valid, spikes.times, 0))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="JAX does not compute on a CPU here")
@pytest.mark.parametrize("call", [total, jax.jit(jax.grad(total))])
def test_on_a_cpu_it_says_where_it_runs(call):
    with pytest.raises(ValueError, match=r"^engine cuda runs on NVIDIA's GPUs only, this program is compiled for cpu"):
        call(some_params(), some_events())


def two_by_two(params, events):
    """Gradients at two parameters at a time."""
    return jax.vmap(jax.grad(total), (0, None))(jax.tree.map(lambda x: jnp.stack([x, x]), params), events)


@needs_compiler
@pytest.mark.parametrize("gradient", [jax.grad(total), two_by_two])
def test_xla_launches_the_kernels_in_a_program_for_a_gpu(gradient):
    """It is a part of XLA that it may change: a new version of JAX must not come in without this."""
    text = memory.compiled_for_h100(gradient, some_params(), some_events()).as_text()
    calls = [line for line in text.splitlines() if f'custom_call_target="{launch.TARGET}"' in line]
    assert len(calls) == len(build.KERNELS)
    for kernel in build.KERNELS:
        (call,) = (line for line in calls if re.search(rf'name = \\*"{kernel}\\*"', line))
        assert f".visible .entry {kernel}(" in call and "grid_x = " in call


def test_float64_is_refused(float64):
    with pytest.raises(ValueError, match="engine cuda computes in float32, the parameters are float64: .*numba or xla"):
        total(some_params(), some_events())
