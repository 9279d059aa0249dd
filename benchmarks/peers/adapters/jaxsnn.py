"""jaxsnn: event-driven EventProp in JAX.

It has no leaky readout (its output neurons spike, and the loss looks at their first spikes), and one step of its scan
costs in proportion to the number of events, so the time grows with the square of the duration: the network here is
feed-forward, and the input short. In a recurrent topology its own code warns of inaccurate gradients.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxsnn.event.loss import first_spike
from jaxsnn.event.modules import LIF, Linear, Source
from jaxsnn.event.modules.lif.lif import LIFParameters
from jaxsnn.event.topology import Topology
from jaxsnn.event.types import Spike

from benchmarks.peers.contestant import Contestant, Problem, main

_LONGEST = 0.1  # [s] of input
_ROOM = 2  # for so many times the spikes that the wanted rate gives
_DRIVE = 16.0  # sum of the weights of an output neuron in thresholds, so that it spikes


def build(problem: Problem) -> Contestant:
    """See ``Contestant``."""
    problem = problem.part(len(problem.labels), min(problem.duration, _LONGEST))
    (inputs, hidden), outputs = problem.w_in.shape, problem.w_out.shape[1]
    w_out = np.abs(problem.w_out)
    w_out *= _DRIVE * problem.threshold / w_out.sum(0)
    neuron = LIFParameters(tau_syn=problem.tau_syn, tau_mem=problem.tau_mem, v_th=problem.threshold, v_reset=0.0)
    room = max(16, int(_ROOM * problem.rate * problem.duration * hidden))
    steps = problem.times.shape[1] + room
    topology = Topology(t_max=problem.duration, backprop_method="eventprop")
    topology.add(
        {
            "input": Source(inputs),
            "hidden": LIF(hidden, steps, neuron),
            "output": LIF(outputs, 3 * room // 2, neuron),
            "w_in": Linear(pre_weights=problem.w_in),
            "w_out": Linear(pre_weights=w_out),
        }
    )
    topology.connect([("input", "w_in"), ("w_in", "hidden"), ("hidden", "w_out"), ("w_out", "output")])
    init, apply = topology.done()
    weights = {name: w for name, w in init(jax.random.key(0)).items() if w is not None}
    times = jnp.asarray(problem.times, jnp.float32)
    events = Spike(
        time=times, idx=jnp.asarray(problem.units), current=jnp.zeros_like(times),
        layer_idx=jnp.where(jnp.isfinite(times), 0, -1), internal=jnp.isfinite(times),
    )  # fmt: skip
    labels = jnp.asarray(problem.labels)

    @jax.jit
    def run(weights: Any, events: Spike) -> Any:
        return apply({"input": events}, weights)

    @jax.jit
    @jax.grad
    def gradient(weights: Any, events: Spike) -> Any:
        spikes = run(weights, events)["output"]
        first = jnp.minimum(jax.vmap(first_spike, in_axes=(0, None))(spikes, outputs), problem.duration)
        return optax.softmax_cross_entropy_with_integer_labels(-first / problem.tau_mem, labels).mean()

    def rate() -> float:
        layers = run(weights, events)
        full = any(bool((layers[name].idx[:, -1] >= 0).any()) for name in ("hidden", "output"))
        return math.inf if full else problem.rate_of(layers["hidden"].internal.sum())

    return Contestant(
        lambda: jax.tree.leaves(jax.block_until_ready(gradient(weights, events))), rate,
        sum(x.nbytes for x in jax.tree.leaves(events)),
        f"feed-forward, {problem.duration:g} s of input, spiking readout",
    )  # fmt: skip


if __name__ == "__main__":
    main(build, "jaxsnn")
