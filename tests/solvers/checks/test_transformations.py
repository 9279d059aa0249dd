"""What JAX's transformations do with a layer: they work, or a sentence says what to use."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import NEURONS, some_events, some_params

from solvers import bptt, eventprop
from solvers.events import unit_sums
from solvers.surrogates import Surrogate


def total(params, events, engine):
    if engine == "grid":
        spikes = bptt.event_layer(params, events, duration=0.06, dt=1e-3, surrogate=Surrogate())
    else:
        spikes = eventprop.lif_layer(params, events, duration=0.06, capacity=200, engine=engine)
    return unit_sums(spikes, NEURONS, lambda times: jnp.cos(50 * times)).sum()


@pytest.mark.parametrize("engine", ["numba", "grid"])
def test_forward_mode_is_refused(engine):
    params, events = some_params(), some_events()
    with pytest.raises(TypeError, match="reverse mode only: use jax.grad"):
        jax.jvp(lambda p: total(p, events, engine), (params,), (params,))


def test_second_derivatives_of_the_exact_gradient_are_refused():
    params, events = some_params(), some_events()

    def of_gradient(w_in):
        return jax.grad(lambda w: total(params._replace(w_in=w), events, "numba"))(w_in).sum()

    with pytest.raises(NotImplementedError, match="take differences of gradients"):
        jax.grad(of_gradient)(params.w_in)


@pytest.mark.parametrize("engine", ["xla", "grid"])
def test_export(engine):
    """Also the checks of the input, which cannot raise there, and the sorting of delayed channels."""
    params, events = some_params(delays=2e-3), some_events()
    params = params._replace(delays=params.delays._replace(recurrent=None))
    step = jax.jit(jax.value_and_grad(lambda p, e: total(p, e, engine)))
    written = jax.export.export(step)(params, events)
    (found, same), (expected, gradient) = written.call(params, events), step(params, events)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4), same, gradient)
    wrong = events._replace(units=events.units.at[0, 0].set(99))
    assert np.isnan(written.call(params, wrong)[0])


def test_export_of_kernels_is_refused():
    step = jax.jit(lambda p, e: total(p, e, "numba"))
    with pytest.raises(NotImplementedError, match="choose engine xla"):
        jax.export.export(step)(some_params(), some_events())


@pytest.mark.parametrize("engine", ["numba", "grid"])
def test_half_precision_is_refused(engine):
    params = jax.tree.map(lambda x: x.astype(jnp.bfloat16), some_params())
    with pytest.raises(ValueError, match="bfloat16, expected float32 or float64, which resolve times"):
        total(params, some_events(), engine)
