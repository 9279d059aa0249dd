"""Run by ``test_devices.py`` in a process of its own: gradients with the batch spread over two devices of a host."""

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
import jax

jax.config.update("jax_enable_x64", True)
import json  # noqa: E402
from functools import partial  # noqa: E402

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import AxisType  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402

from solvers import bptt  # noqa: E402
from solvers.eventprop import lif_layer  # noqa: E402
from solvers.events import pad_events  # noqa: E402
from solvers.neurons.lif import lif_params  # noqa: E402
from solvers.surrogates import Surrogate  # noqa: E402

DURATION, BATCH, INPUTS, NEURONS = 0.03, 4, 4, 3


def score(simulator, params, events):
    if simulator == "bptt":
        spikes = bptt.lif_layer(
            params, events, duration=DURATION, dt=1e-3, delay=1e-3, surrogate=Surrogate(), checkpoint=True
        )
        return jnp.sum(spikes * jnp.cos(jnp.arange(spikes.shape[1]))[:, None])
    spikes = lif_layer(params, events, duration=DURATION, capacity=64, engine=simulator)
    return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times), 0))


def main():
    rng = np.random.default_rng(0)
    params = lif_params(rng.normal(2, 1, (INPUTS, NEURONS)), rng.normal(0, 0.3, (NEURONS, NEURONS)))
    samples = [(rng.uniform(1e-3, 0.02, 12), rng.integers(0, INPUTS, 12)) for _ in range(BATCH)]
    events = pad_events(samples)
    mesh = jax.make_mesh((2,), ("devices",), axis_types=(AxisType.Auto,))
    errors = {}
    for simulator in ("numba", "xla", "bptt"):
        alone = jax.jit(jax.grad(partial(score, simulator)))(params, events)

        @partial(jax.shard_map, mesh=mesh, in_specs=(P(), P("devices")), out_specs=P())  # with check_vma=True
        def total(params, events, simulator=simulator):
            return jax.lax.psum(score(simulator, params, events), "devices")

        spread = jax.jit(jax.grad(total))(params, events)
        pairs = list(zip(jax.tree.leaves(spread), jax.tree.leaves(alone), strict=True))
        errors[simulator] = max(float(abs(x - y).max() / abs(y).max()) for x, y in pairs)
    print(json.dumps(errors))


if __name__ == "__main__":
    main()
