"""A network on a time grid as a plain scan, with what a gradient leaves out or changes as arguments: an oracle."""

import jax
import jax.numpy as jnp
import numpy as np
from tiny_data import DURATION, tiny_data, tiny_network

from gradlab.data import batch
from gradlab.networks.losses import cross_entropy, rate_regularisation
from solvers.events import to_grid
from solvers.neurons.lif import kappa
from solvers.surrogates import spike

DT, SAMPLES = 1e-3, 8
matmul = jnp.matmul


def one_sided(back):
    """A product whose derivative goes back through other weights, as an identity of sums."""
    stop = jax.lax.stop_gradient
    return lambda x, w: stop(x) @ w + (x - stop(x)) @ back


def problem(hidden=(6,), seed=3, **settings):
    """A network with constants that are not round, its parameters in double precision, a batch and its labels."""
    network = tiny_network(hidden, reset=-0.1, **settings)
    params = network.init(jax.random.key(seed), jnp.float64)
    # Weights on which much depends: neurons that spike often, and excite each other.
    layers = [layer._replace(w_in=2 * layer.w_in) for layer in params.layers]
    if network.recurrent:
        layers = [layer._replace(w_rec=layer.w_rec + 0.3) for layer in layers]
    events, labels = batch(tiny_data(SAMPLES), np.arange(SAMPLES), 12)
    events = jax.tree.map(jnp.asarray, events._replace(times=events.times.astype(float)))
    return network, network.with_spiking_layers(params, layers), events, labels


def plain_loss(
    network, method, events, labels, *, hear=None, project=None, read=matmul, direct=(), reset_gradient=True
):
    """The loss as a function of the parameters, by a scan over steps for each layer.

    Args:
        network: of LIF neurons, with a readout that is linear in the spikes.
        method: whose step and surrogate are taken.
        events: input.
        labels: of it.
        hear: of each layer, what its own spikes bring from spikes and ``w_rec``.
        project: of each layer but the first, what the spikes of the one before bring.
        read: what the spikes bring to the readout.
        direct: weights through which errors reach the layers before the last, with no way forward.
        reset_gradient: whether the reset is differentiated.
    """
    depth = len(network.hidden)
    hear, project = hear or [matmul] * depth, project or [matmul] * (depth - 1)
    steps, delay = round(DURATION / DT) + 1, round(network.delay / DT)
    times = jnp.minimum(DT * jnp.arange(steps), DURATION)

    def layer(p, arriving, heard):
        def step(state, x):
            v, i, sent = state
            v = jnp.exp(-DT / p.tau_mem) * v + kappa(DT, p.tau_mem, p.tau_syn) * i
            fired = spike((v - p.threshold) / p.threshold, method.surrogate)
            v = v - (p.threshold - p.reset) * (fired if reset_gradient else jax.lax.stop_gradient(fired))
            sent = jnp.concatenate([sent, fired[None]])
            i = jnp.exp(-DT / p.tau_syn) * i + x + (0 if p.w_rec is None else heard(sent[0], p.w_rec))
            return (v, i, sent[1:]), fired

        rest = jnp.zeros(arriving.shape[1:])
        return jax.lax.scan(step, (rest, rest, jnp.zeros((delay, *rest.shape))), arriving)[1]

    def loss(params):
        spikes, fired = jnp.moveaxis(to_grid(events, network.inputs, steps, DT), 1, 0), []
        for p, heard, brought in zip(params.layers, hear, [matmul, *project], strict=True):
            spikes = layer(p, brought(spikes, p.w_in), heard)
            fired.append(spikes)
        weights = network.readout.kernel(params.readout, times, DURATION)[:, None, None]
        logits = jnp.sum(weights * read(spikes, params.readout.w), 0)
        for each, back in zip(fired, direct, strict=False):
            logits += jnp.sum(jax.lax.stop_gradient(weights) * (each - jax.lax.stop_gradient(each)) @ back, 0)
        counts = [each.sum(0) for each in fired]
        return cross_entropy(logits, labels) + rate_regularisation(tuple(counts), 1e-2, 3.0)

    return loss


def method_gradient(method, network, params, events, labels):
    """Loss, output and gradient by a method, with the same regularisation."""

    def loss(output):
        return cross_entropy(output.logits, labels) + rate_regularisation(output.counts, 1e-2, 3.0)

    room, key = (), jax.random.key(0)
    same = lambda trained: trained  # noqa: E731
    return jax.jit(lambda p: method.value_and_grad(network, loss, same, p, events, room, key))(params)
