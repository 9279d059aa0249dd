"""The adjoint of a network in one sample: how its loss depends on each voltage and current at any time.

In continuous time it runs backwards in closed form. On a time grid it is what surrogate gradients make of it. Whatever
the method, weights that do nothing show it: the derivative of the loss with respect to the weight, zero, of a probe
spike at some time is that with respect to the synaptic current then.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from solvers import bptt
from solvers.events import NO_UNIT, Events
from solvers.neurons.lif import kappa
from solvers.reference import traces
from solvers.reference.traces import Trace, Train

from ..methods import BPTT
from ..networks.losses import cross_entropy
from .inside import Inside, check_closed_form


def adjoint(inside: Inside, label: int, times: ArrayLike) -> tuple[Trace, ...]:
    """``lambda_v`` and ``lambda_i`` of each spiking layer, and of a leaky readout as the last.

    The gradient of an input weight is ``-tau_syn`` times the sum of ``lambda_i`` over the arrivals of its input, for
    the cross-entropy of this one sample, without the rate regularisation.

    Args:
        inside: what the network does.
        label: class of the sample.
        times: at which it is asked for [s]; on a time grid at the nearest points.

    Returns:
        Of each layer ``[times, neurons]``, just before what happens then.

    Raises:
        ValueError: as ``voltages``, and for a class that does not exist.
    """
    check_closed_form(inside)
    if not 0 <= label < inside.network.outputs:
        raise ValueError(f"label is {label}, expected a class from 0 to {inside.network.outputs - 1}")
    with jax.enable_x64(True):
        times = np.asarray(times, np.float64)
        if (on_grid := inside.on_grid) is not None:
            steps = inside.steps(times)
            layers = [_layer_on_grid(inside, on_grid, depth, label, steps) for depth in range(len(inside.layers))]
            readout, _ = _readout(inside, label, steps * on_grid.dt)
        else:
            readout, by_spikes = _readout(inside, label, times)
            layers = []
            for depth in reversed(range(len(inside.layers))):
                heard, spikes = inside.arriving[depth], inside.spikes[depth]
                found = traces.adjoint(
                    inside.layers[depth], heard, spikes, times, delay=inside.network.delay, by_spikes=by_spikes
                )
                layers.insert(0, found.trace)
                by_spikes = found.times
        return (*layers, *([] if readout is None else [readout]))


def _with_probes(heard: Train, units: int, times: np.ndarray) -> tuple[Callable[[Any, Any], Events], int]:
    """Spikes, and a probe on a channel of its own at each time, as a function of both their times."""
    order = np.argsort(np.concatenate([heard[0], times]), kind="stable")
    channels = np.concatenate([np.concatenate([heard[1], units + np.arange(len(times))])[order], [NO_UNIT]])
    count = jnp.full(1, len(order), jnp.int32)

    def events(spikes: Any, probes: Any) -> Events:
        padded = jnp.append(jnp.concatenate([spikes, probes])[order], jnp.inf)  # some readouts take no empty array
        return Events(padded[None], jnp.asarray(channels, jnp.int32)[None], count)

    return events, units + len(times)


def _readout(inside: Inside, label: int, times: np.ndarray) -> tuple[Trace | None, np.ndarray]:
    """The adjoint of a leaky readout, and the derivative of the loss with respect to the times of the last spikes."""
    network, params, heard = inside.network, inside.params.readout, inside.arriving[-1]
    spiking = network.readout.spiking
    events, units = _with_probes(heard, network.spiking_sizes[-1], times[:0] if spiking else times)
    probes = jnp.asarray(times[:0] if spiking else times)

    def loss(weights: Any, probes: Any, spikes: Any) -> Array:
        own: Any = params if spiking else params._replace(w=jnp.concatenate([params.w, weights]))  # type: ignore[union-attr]
        logits = network.readout.from_events(own, events(spikes, probes), units, network.duration)
        return cross_entropy(logits, np.array([label]))

    nothing = jnp.zeros((len(probes), network.outputs))
    spikes = jnp.asarray(heard[0])
    by_spikes = np.asarray(jax.grad(loss, 2)(nothing, probes, spikes))
    if spiking:
        return None, by_spikes
    by_current, slope = jax.jvp(lambda t: jax.grad(loss)(nothing, t, spikes), (probes,), (jnp.ones_like(probes),))
    # Backwards, tau_syn d(lambda_i)/dt = lambda_v - lambda_i, and lambda_i = -(dL/di) / tau_syn.
    lambda_i = -by_current / params.tau_syn
    return Trace(np.asarray(lambda_i + slope), np.asarray(lambda_i)), by_spikes


def _layer_on_grid(inside: Inside, method: BPTT, depth: int, label: int, steps: np.ndarray) -> Trace:
    """What surrogate gradients make of the adjoint of a layer."""
    network, layers = inside.network, inside.layers[depth:]
    grid = bptt.time_grid(network.duration, method.dt, network.delay)
    first, points = layers[0], np.arange(grid.steps) * grid.dt
    events, _ = _with_probes(inside.arriving[depth], first.w_in.shape[0], points)
    given = events(jnp.asarray(inside.arriving[depth][0]), jnp.asarray(points))

    def loss(weights: Any) -> Array:
        probed = first._replace(w_in=jnp.concatenate([first.w_in, weights]))
        state, _ = bptt.simulate(
            [probed, *layers[1:]], given, network.readout.observer(inside.params.readout, network.duration),
            duration=network.duration, dt=method.dt, delay=network.delay, surrogate=method.surrogate,
            reset_gradient=method.reset_gradient, checkpoint=method.checkpoint,
        )  # fmt: skip
        logits = network.readout.from_state(inside.params.readout, state, network.duration)
        return cross_entropy(logits, np.array([label]))

    by_current = np.asarray(jax.grad(loss)(jnp.zeros((grid.steps, first.w_in.shape[1]))))
    tau_mem, tau_syn = np.asarray(first.tau_mem), np.asarray(first.tau_syn)
    # A step earlier: dL/di = kappa(dt) dL/dv + exp(-dt/tau_syn) dL/di. At the first point nothing is before.
    by_voltage = (by_current[:-1] - np.exp(-grid.dt / tau_syn) * by_current[1:]) / np.asarray(
        kappa(grid.dt, tau_mem, tau_syn)
    )
    by_voltage = np.concatenate([np.exp(-grid.dt / tau_mem) * by_voltage[:1], by_voltage])
    return Trace((-by_voltage / tau_mem)[steps], (-by_current / tau_syn)[steps])
