"""Ours, in our own environment, by the method that the third argument names."""

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contestants import CONTESTANTS
from benchmarks.peers.contestant import Contestant, Problem, main
from benchmarks.workload import gradient_of
from gradlab.networks.network import Network
from gradlab.networks.params import NetworkParams
from gradlab.networks.readouts import ReadoutParams
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from gradlab.training.trained import split_params
from solvers.events import Events
from solvers.neurons.lif import LIFParams


def build(name: str, problem: Problem) -> Contestant:
    """See ``Contestant``; ``name`` is that of the method."""
    network = Network(
        len(problem.w_in), problem.w_out.shape[1], hidden=(len(problem.w_rec),), duration=problem.duration,
        delay=problem.delay, tau_mem=problem.tau_mem, tau_syn=problem.tau_syn, threshold=problem.threshold,
    )  # fmt: skip
    params = params_of(problem, network.reset)
    count = jnp.asarray(np.isfinite(problem.times).sum(1), jnp.int32)
    events = Events(jnp.asarray(problem.times, jnp.float32), jnp.asarray(problem.units, jnp.int32), count)
    labels = jnp.asarray(problem.labels)
    contestant, config = CONTESTANTS[name].with_options(dt=problem.dt), TrainConfig(batch_size=len(labels))
    output = Objective(network, config, contestant.method).forward(params, events)
    room = (max(1, int(output.largest.max())),)
    gradient = jax.jit(gradient_of(contestant, network, config, room).gradient)
    arguments = (*split_params(params), events, labels)
    return Contestant(
        lambda: jax.tree.leaves(jax.block_until_ready(gradient(*arguments))),
        lambda: problem.rate_of(float(output.counts[0].sum())),
        events.times.nbytes + events.units.nbytes,
    )


def params_of(problem: Problem, reset: float) -> NetworkParams:
    """The weights and constants of the problem."""
    tau_mem, tau_syn, threshold, at_reset = (
        jnp.float32(x) for x in (problem.tau_mem, problem.tau_syn, problem.threshold, reset)
    )
    w_in, w_rec, w_out = (jnp.asarray(w) for w in (problem.w_in, problem.w_rec, problem.w_out))
    layer: Any = LIFParams(w_in, w_rec, tau_mem, tau_syn, threshold, at_reset)
    return NetworkParams((layer,), ReadoutParams(w_out, tau_mem, tau_syn))


if __name__ == "__main__":
    main(partial(build, sys.argv[3]))
