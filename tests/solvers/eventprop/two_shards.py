"""Run by ``test_sharding.py`` in a process of its own: layers whose neurons are spread over two devices of a host.

    python two_shards.py CALL[,CALL]

Prints for each way to call them the largest relative error of spikes and gradients against one device and the engine
``numba``, and what is refused.
"""

import os

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
import jax

jax.config.update("jax_enable_x64", True)
import json  # noqa: E402
import sys  # noqa: E402
from functools import partial  # noqa: E402

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import AxisType  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402

from solvers.delays import Delays  # noqa: E402
from solvers.eventprop import Smoothing, lif_layer_with_counts, neuron_specs  # noqa: E402
from solvers.events import pad_events  # noqa: E402
from solvers.neurons.lif import lif_params  # noqa: E402
from solvers.neurons.refractory import DeadTimeParams  # noqa: E402

BATCH, INPUTS, NEURONS = 4, 4, 6
SETTINGS = dict(duration=0.03, capacity=64)


def layer(params, events, axis):
    return lif_layer_with_counts(params, events, **SETTINGS, axis=axis)


def two_layers(axis, params, times, events):
    """A number that depends on spike times and counts of a layer, and on those of one that it feeds."""
    first, second = params
    spikes, counts = layer(first, events._replace(times=times), axis)
    last, _ = layer(second, spikes, axis)
    number = jnp.arange(counts.shape[1]) + (0 if axis is None else jax.lax.axis_index(axis) * counts.shape[1])
    of_counts = jnp.sum(counts * jnp.cos(number))
    of_counts = of_counts if axis is None else jax.lax.psum(of_counts, axis)
    of_times = (jnp.sum(jnp.where(x.valid, jnp.sin(100 * x.times + x.units), 0)) for x in (spikes, last))
    return sum(of_times) + of_counts, (spikes.times, last)


def value_and_gradient(axis, params, times, events):
    return jax.value_and_grad(partial(two_layers, axis), (0, 1), has_aux=True)(params, times, events)


def outside(mesh, specs, params, events):
    """The gradient of a function under ``shard_map``."""
    over = partial(jax.shard_map, mesh=mesh, in_specs=(specs, P(), P()), out_specs=(P(), P()))
    function = over(partial(two_layers, "neurons"))
    return jax.jit(jax.value_and_grad(function, (0, 1), has_aux=True))(params, events.times, events)


def inside(mesh, specs, params, events):
    """A gradient under ``shard_map``."""
    over = partial(jax.shard_map, mesh=mesh, in_specs=(specs, P(), P()), out_specs=((P(), P()), (specs, P())))
    return jax.jit(over(partial(value_and_gradient, "neurons")))(params, events.times, events)


def beside_the_batch(_, specs, params, events):
    """Neurons over one axis of a mesh, samples over the other."""
    mesh, part = jax.make_mesh((2, 2), ("samples", "neurons"), 2 * (AxisType.Auto,)), P("samples")

    def total(params, times, events):
        value, last = two_layers("neurons", params, times, events)
        return jax.lax.psum(value, "samples"), last

    function = jax.shard_map(total, mesh=mesh, in_specs=(specs, part, part), out_specs=(P(), part))
    return jax.jit(jax.value_and_grad(function, (0, 1), has_aux=True))(params, events.times, events)


def refusals(mesh, specs, params, events):
    def said(function, **settings):
        over = partial(jax.shard_map, mesh=mesh, in_specs=(specs[0], P()), out_specs=P())
        try:
            jax.shard_map(function, **(over.keywords | settings))(params[0], events)
        except ValueError as error:
            return str(error)

    run = lambda params, events: layer(params, events, "neurons")[0]  # noqa: E731
    return {
        "unchecked": said(run, check_vma=False),
        "whole": said(run, in_specs=(P(), P())),
        "events": said(run, in_specs=(specs[0], P("neurons"))),
        "rows": said(run, in_specs=(specs[0]._replace(w_rec=P("neurons", None)), P())),
        "engine": said(lambda p, e: lif_layer_with_counts(p, e, **SETTINGS, engine="numba", axis="neurons")),
        "neuron": said(lambda p, e: layer(DeadTimeParams(*p[:6], p.reset), e, "neurons")),
        "delays": said(lambda p, e: run(p._replace(delays=Delays(p.w_in[:, 0])), e)),
        "smoothing": said(lambda p, e: lif_layer_with_counts(p, e, **SETTINGS, axis="neurons", smoothing=Smoothing())),
    }


CALLS = {call.__name__: call for call in (outside, inside, beside_the_batch)}


def main(calls):
    rng = np.random.default_rng(0)
    tau, w_in, w_rec = (
        rng.uniform(15e-3, 25e-3, NEURONS),
        rng.normal(2, 1, (INPUTS, NEURONS)),
        rng.normal(0, 0.5, (6, 6)),
    )
    for each in (tau, w_in, w_rec):  # twins on different devices, which spike at the same time
        each[..., 4] = each[..., 1]
    first = lif_params(w_in, w_rec, tau_mem=tau)
    params = first, lif_params(rng.normal(0.8, 0.5, (NEURONS, NEURONS)))
    events = pad_events([(rng.uniform(1e-3, 0.02, 12), rng.integers(0, INPUTS, 12)) for _ in range(BATCH)])
    specs = tuple(neuron_specs(each, "neurons") for each in params)
    mesh = jax.make_mesh((2,), ("neurons",), (AxisType.Auto,), devices=jax.devices()[:2])
    alone = jax.tree.leaves(jax.jit(partial(value_and_gradient, None))(params, events.times, events))
    found = {"spikes": int(alone[4].sum())}
    for name in calls:
        result = jax.tree.leaves(CALLS[name](mesh, specs, params, events))
        pairs = [(np.asarray(x), np.asarray(y)) for x, y in zip(result, alone, strict=True)]
        pairs = [(x[~np.isinf(y)], y[~np.isinf(y)]) for x, y in pairs]  # room without a spike
        found[name] = max(float(abs(x - y).max(initial=0) / max(abs(y).max(initial=0), 1e-300)) for x, y in pairs)
    print(json.dumps(found | refusals(mesh, specs, params, events)))


if __name__ == "__main__":
    main(sys.argv[1].split(","))
