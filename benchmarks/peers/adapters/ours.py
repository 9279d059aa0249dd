"""Ours, in our own environment: what ``eventprop.py`` and ``bptt.py`` share."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.measure import Contestant, Problem
from gradlab import Network, NetworkParams, TrainConfig
from gradlab.readouts import ReadoutParams
from gradlab.recipe import split_params
from gradlab.train import Trainer
from solvers.events import Events
from solvers.lif import LIFParams


def build(problem: Problem, make: Callable[[Network, TrainConfig], Trainer]) -> Contestant:
    """See ``Contestant``; ``make`` gives the trainer of a method."""
    network = Network(
        len(problem.w_in), (len(problem.w_rec),), problem.w_out.shape[1], duration=problem.duration,
        delay=problem.delay, tau_mem=problem.tau_mem, tau_syn=problem.tau_syn, threshold=problem.threshold,
    )  # fmt: skip
    tau_mem, tau_syn, threshold, reset = (
        jnp.float32(x) for x in (problem.tau_mem, problem.tau_syn, problem.threshold, network.reset)
    )
    w_in, w_rec, w_out = (jnp.asarray(w) for w in (problem.w_in, problem.w_rec, problem.w_out))
    layer = LIFParams(w_in, w_rec, tau_mem, tau_syn, threshold, reset)
    params = NetworkParams((layer,), ReadoutParams(w_out, tau_mem, tau_syn))
    trained, constant = split_params(params)
    count = jnp.asarray(np.isfinite(problem.times).sum(1), jnp.int32)
    events = Events(jnp.asarray(problem.times, jnp.float32), jnp.asarray(problem.units, jnp.int32), count)
    labels = jnp.asarray(problem.labels)
    trainer = make(network, TrainConfig(batch_size=len(labels)))
    output = trainer.gradient(params, events, labels)[1]
    room = (max(1, int(output.largest.max())),)

    @jax.jit
    @jax.grad
    def gradient(trained, constant, events, labels):
        return trainer.objective(trained, constant, events, labels, room)[0]

    return Contestant(
        lambda: jax.tree.leaves(jax.block_until_ready(gradient(trained, constant, events, labels))),
        lambda: problem.rate_of(float(output.counts[0].sum())),
        events.times.nbytes + events.units.nbytes,
    )
