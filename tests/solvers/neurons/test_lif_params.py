"""Parameters of LIF neurons: types, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.neurons.lif import check_params, lif_params

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(tau_mem=-1e-3), r"tau_mem is -0.001 s, expected a positive time constant"),
        (dict(tau_syn=0.0), r"tau_syn is 0 s, expected a positive"),
        (dict(tau_syn=float("nan")), "tau_syn holds a value that is not finite"),
        (dict(threshold=0.0), "threshold is 0, expected > 0"),
        (dict(reset=1.0), "reset is not below threshold"),
        (dict(reset=np.array([0.0, 2.0])), "reset is not below threshold"),
        (dict(tau_mem=np.full(3, 1e-2)), r"tau_mem has shape \(3,\), expected a scalar or one entry for each of 2"),
        (dict(w_rec=np.ones((2, 3))), r"w_rec has shape \(2, 3\), expected \(2, 2\)"),
        (dict(w_in=np.ones(2)), r"w_in has shape \(2,\), expected two dimensions"),
    ],
)
def test_impossible_parameters(changes, message):
    with pytest.raises(ValueError, match=message):
        lif_params(**{"w_in": np.ones((4, 2)), **changes})


def test_parameters_take_the_type_of_the_weights():
    params = lif_params(np.ones((4, 2), np.float32), np.ones((2, 2)))
    assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(params)) and (params.inputs, params.neurons) == (4, 2)
    assert lif_params(np.ones((4, 2), int)).w_in.dtype == jnp.float64


def test_known_parameters_are_checked_under_jit_too():
    good, bad = lif_params(np.ones((4, 2))), lif_params(np.ones((4, 2)))._replace(tau_mem=jnp.array(-1.0))

    def checked(params):
        return jax.jit(lambda x: (check_params(params), x)[1])(1.0)

    assert checked(good) == 1.0
    with pytest.raises(ValueError, match="tau_mem is -1 s"):
        checked(bad)
    assert jax.jit(lambda params: (check_params(params), 1.0)[1])(bad) == 1.0  # not known there
