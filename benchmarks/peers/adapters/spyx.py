"""Spyx: BPTT-SG in JAX, ``spyx.nn.run`` (a scan) under ``jax.jit``.

Current-based recurrent neurons and a leaky readout in one ``spyx.nn.Sequential``. Linear layers applied to all steps at
once, outside the scan, would be slower, and so would gradients with respect to the decays, which are not taken.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from spyx import axn, nn

from benchmarks.peers.contestant import Contestant, Problem, main


def layers(problem: Problem) -> list[Any]:
    """The network; weights are in units of the voltage, which spyx does not scale with the leak."""
    (inputs, hidden), outputs = problem.w_in.shape, problem.w_out.shape[1]
    rngs = nnx.Rngs(0)
    alpha, beta = (float(np.exp(-problem.dt / tau)) for tau in (problem.tau_syn, problem.tau_mem))
    w_in, w_out = (nnx.Linear(*sizes, use_bias=False, rngs=rngs) for sizes in ((inputs, hidden), (hidden, outputs)))
    neurons = nn.RCuBaLIF((hidden,), alpha, beta, threshold=problem.threshold, activation=axn.superspike(10), rngs=rngs)
    w_in.kernel[...] = jnp.asarray((1 - beta) * problem.w_in)
    neurons.recurrent_w[...] = jnp.asarray((1 - beta) * problem.w_rec)
    # The readout has no synaptic current; a spike has the same integral as with one.
    w_out.kernel[...] = jnp.asarray((1 - beta) * problem.tau_syn / problem.dt * problem.w_out)
    return [w_in, neurons, w_out, nn.LI((outputs,), beta, rngs=rngs)]


def is_weight(path: tuple[Any, ...], value: Any) -> bool:
    """Whether a parameter is a weight; the others are decays."""
    return isinstance(value, nnx.Param) and path[-1] in ("kernel", "recurrent_w")


def build(problem: Problem) -> Contestant:
    """See ``Contestant``."""
    grid, labels = jnp.asarray(problem.grid()), jnp.asarray(problem.labels)
    network = layers(problem)
    parts: Any = nnx.split(nn.Sequential(*network), is_weight, ...)
    graph, weights, decays = parts

    @jax.jit
    @jax.grad
    def gradient(weights: Any, grid: jax.Array) -> Any:
        voltages, _ = nn.run(nnx.merge(graph, weights, decays), grid)
        return optax.softmax_cross_entropy_with_integer_labels(voltages.mean(0), labels).mean()

    return Contestant(
        lambda: jax.tree.leaves(jax.block_until_ready(gradient(weights, grid))),
        lambda: problem.rate_of(nn.run(nn.Sequential(*network[:2]), grid)[0].sum()),
        grid.nbytes,
    )


if __name__ == "__main__":
    main(build, "spyx")
