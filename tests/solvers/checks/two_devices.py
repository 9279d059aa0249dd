"""Run by ``test_devices.py`` in a process of its own: gradients with the batch spread over two devices of a host.

    python two_devices.py SIMULATOR[,SIMULATOR] WRAPPER[,WRAPPER]

Prints, for each simulator and wrapper, the largest relative error, or what was refused.
"""

import os

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
import jax

jax.config.update("jax_enable_x64", True)
import json  # noqa: E402
import sys  # noqa: E402
from functools import partial  # noqa: E402

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import AxisType, NamedSharding  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402

from solvers import bptt  # noqa: E402
from solvers.eventprop import Smoothing, lif_layer_with_counts  # noqa: E402
from solvers.events import pad_events  # noqa: E402
from solvers.neurons.lif import lif_params  # noqa: E402
from solvers.surrogates import Surrogate  # noqa: E402

DURATION, BATCH, INPUTS, NEURONS = 0.03, 4, 4, 3


def score(simulator, params, times, events):
    events = events._replace(times=times)
    if simulator == "bptt":
        spikes = bptt.lif_layer(
            params, events, duration=DURATION, dt=1e-3, delay=1e-3, surrogate=Surrogate(), checkpoint=True
        )
        return jnp.sum(spikes * jnp.cos(jnp.arange(spikes.shape[1]))[:, None])
    engine, _, smooth = simulator.partition("-")
    spikes, counts = lif_layer_with_counts(
        params, events, duration=DURATION, capacity=32, engine=engine, smoothing=Smoothing() if smooth else None
    )
    effects = spikes.weigh(jnp.where(spikes.valid, jnp.sin(100 * spikes.times), 0))
    return jnp.sum(effects) + jnp.sum(counts * jnp.arange(NEURONS))


def gradient(simulator):
    """Of the parameters and of the input times."""
    return jax.grad(partial(score, simulator), (0, 1))


def spread(tree, mesh, spec):
    return jax.device_put(tree, NamedSharding(mesh, spec))


def over_the_batch(simulator, mesh, params, events):
    params, events = spread(params, mesh, P()), spread(events, mesh, P("devices"))
    return jax.jit(gradient(simulator))(params, events.times, events)


def of_a_sum(check_vma, simulator, mesh, params, events):
    """The gradient of a function under ``shard_map``."""

    @partial(jax.shard_map, mesh=mesh, in_specs=(P(), P("devices"), P("devices")), out_specs=P(), check_vma=check_vma)
    def total(params, times, events):
        return jax.lax.psum(score(simulator, params, times, events), "devices")

    return jax.jit(jax.grad(total, (0, 1)))(params, events.times, events)


def of_each(check_vma, simulator, mesh, params, events):
    """A gradient under ``shard_map``: with ``check_vma`` JAX sums that of the parameters, which do not vary."""
    events = spread(events, mesh, P("devices"))

    @partial(jax.shard_map, mesh=mesh, in_specs=(P(), P("devices")), out_specs=(P(), P("devices")), check_vma=check_vma)
    def one(params, events):
        of_params, of_times = gradient(simulator)(params, events.times, events)
        return of_params if check_vma else jax.lax.psum(of_params, "devices"), of_times

    return jax.jit(one)(params, events)


def by_halves(wrapper, simulator, _, params, events):
    halves = jax.tree.map(lambda x: x.reshape(2, BATCH // 2, *x.shape[1:]), events)
    of_params, of_times = wrapper(gradient(simulator), in_axes=(None, 0, 0))(params, halves.times, halves)
    return jax.tree.map(lambda x: x.sum(0), of_params), of_times.reshape(events.times.shape)


AUTO, EXPLICIT = AxisType.Auto, AxisType.Explicit
WRAPPERS = {
    "jit": (AUTO, over_the_batch),
    "shard-map": (AUTO, partial(of_a_sum, True)),
    "shard-map-unchecked": (AUTO, partial(of_a_sum, False)),
    "in-shard-map": (AUTO, partial(of_each, True)),
    "in-shard-map-unchecked": (AUTO, partial(of_each, False)),
    "explicit": (EXPLICIT, over_the_batch),
    "explicit-in-shard-map": (EXPLICIT, partial(of_each, True)),
    "explicit-in-shard-map-unchecked": (EXPLICIT, partial(of_each, False)),
    "pmap": (AUTO, partial(by_halves, jax.pmap)),
    "vmap": (AUTO, partial(by_halves, lambda f, in_axes: jax.jit(jax.vmap(f, in_axes)))),
}


def main(simulators, wrappers):
    rng = np.random.default_rng(0)
    params = lif_params(rng.normal(2, 1, (INPUTS, NEURONS)), rng.normal(0, 0.3, (NEURONS, NEURONS)))
    samples = [(rng.uniform(1e-3, 0.02, 12), rng.integers(0, INPUTS, 12)) for _ in range(BATCH)]
    events = pad_events(samples)
    found = {}
    for simulator in simulators:
        alone = jax.jit(gradient(simulator))(params, events.times, events)
        for name in wrappers:
            kind, wrapped = WRAPPERS[name]
            mesh = jax.make_mesh((2,), ("devices",), axis_types=(kind,))
            try:
                result = wrapped(simulator, mesh, params, events)
            except ValueError as error:
                found[f"{simulator} {name}"] = str(error)
                continue
            pairs = zip(jax.tree.leaves(result), jax.tree.leaves(alone), strict=True)
            pairs = [(np.asarray(x), np.asarray(y)) for x, y in pairs]
            found[f"{simulator} {name}"] = max(float(abs(x - y).max() / max(abs(y).max(), 1e-300)) for x, y in pairs)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*(each.split(",") for each in sys.argv[1:]))
