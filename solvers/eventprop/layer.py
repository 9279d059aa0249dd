"""The event-driven layer: a differentiable function from parameters and input events to output spikes."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from ..events import Events, unit_counts
from ..lif import LIFParams, check_params
from .engines import AUTO, ENGINES, Engine, engine_name


def lif_layer(
    params: LIFParams,
    events: Events,
    *,
    duration: float,
    capacity: int,
    delay: float = 1e-3,
    engine: str = AUTO,
) -> Events:
    """Spikes of a layer of LIF neurons in continuous time, with their exact derivatives (EventProp).

    Works under ``jit``, ``grad`` and ``value_and_grad`` with respect to ``params`` and ``events.times``, and composes:
    the result is the input of the next layer. Between the passes it keeps three numbers for each spike (time, neuron,
    synaptic current). Spikes appear and vanish without a derivative: the gradient is that of the spikes there are.

    Args:
        params: weights and constants; ``w_rec`` None for a feed-forward layer.
        events: of one sample ``[capacity]`` or of a batch ``[batch, capacity]``, in order of time.
        duration: end of the simulation [s]; it begins at 0 at rest.
        capacity: room for spikes in each sample.
        delay: of the recurrent connections [s], >= 0; input connections have none.
        engine: name in ``solvers.eventprop.ENGINES``; by default ``numba`` on a CPU, ``xla`` on a GPU or TPU.

    Returns:
        Output spikes. A sample with more than ``capacity`` spikes has ``count > capacity`` and NaN times.

    Raises:
        ValueError: for impossible parameters or settings, or an unknown engine. At run time for unsorted events or
            input units outside ``w_in``, on a CPU; elsewhere such a sample counts as one without room.

    Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829.
    """
    return lif_layer_with_counts(params, events, duration=duration, capacity=capacity, delay=delay, engine=engine)[0]


def lif_layer_with_counts(
    params: LIFParams,
    events: Events,
    *,
    duration: float,
    capacity: int,
    delay: float = 1e-3,
    engine: str = AUTO,
) -> tuple[Events, Float[Array, "*batch post"]]:
    """As ``lif_layer``, and the spike count of each neuron, with a *heuristic* derivative for regularisers.

    A count is piecewise constant, its exact derivative is zero. Here it is differentiated as the sum of v/threshold at
    the spikes with v taken as free, as EventProp's rate regularisation does (Nowotny et al. 2025, Neuromorph. Comput.
    Eng., 10.1088/2634-4386/ada852). A neuron without a spike gets no derivative.
    """
    check_params(params)
    engine = engine_name(engine)
    if params.w_in.dtype not in (jnp.float32, jnp.float64):
        raise ValueError(f"w_in has type {params.w_in.dtype}, expected float32 or float64")
    if not duration > 0:
        raise ValueError(f"duration is {duration} s, expected > 0")
    if not delay >= 0:
        raise ValueError(f"delay is {delay} s, expected >= 0")
    if capacity < 1:
        raise ValueError(f"capacity is {capacity} spikes, expected at least 1")
    if events.times.ndim not in (1, 2):
        raise ValueError(f"events have shape {events.times.shape}, expected [capacity] or [batch, capacity]")
    events = events._replace(times=events.times.astype(params.w_in.dtype))
    single = events.times.ndim == 1
    if single:
        events = jax.tree.map(lambda x: x[None], events)
    result = _layer(params, events.times, events.units, events.count, _Settings(duration, delay, capacity, engine))
    if single:
        result = jax.tree.map(lambda x: x[0], result)
    times, units, count, counts = result
    return Events(times, units, count), counts


class _Settings(NamedTuple):
    duration: float
    delay: float
    capacity: int
    engine: str

    @property
    def run(self) -> Engine:
        return ENGINES[self.engine]


@jax.tree_util.register_static
class _Wanted(NamedTuple):
    """Which optional gradients the caller differentiates with respect to."""

    tau: bool
    times: bool


def _run(params, events, settings):
    spikes, current = settings.run.forward(
        params, events, duration=settings.duration, delay=settings.delay, capacity=settings.capacity
    )
    # What is kept for the backward pass is what is returned: the same arrays, not copies.
    spikes = spikes._replace(times=jnp.where(spikes.overflowed[:, None], jnp.nan, spikes.times))
    counts = unit_counts(spikes, params.neurons).astype(spikes.times.dtype)
    return (*spikes, counts), (spikes, current)


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _layer(params, times, units, count, settings):
    return _run(params, Events(times, units, count), settings)[0]


def _forward(params, times, units, count, settings):
    wanted = _Wanted(params.tau_mem.perturbed or params.tau_syn.perturbed, times.perturbed)
    params, times, units, count = jax.tree.map(
        lambda x: x.value, (params, times, units, count), is_leaf=lambda x: hasattr(x, "perturbed")
    )
    events = Events(times, units, count)
    result, stored = _run(params, events, settings)
    return result, (params, events, *stored, wanted)


def _backward(settings, residuals, cotangents):
    params, events, spikes, current, wanted = residuals
    at_times, _, _, at_counts = (
        jnp.zeros(c.aval.shape, c.aval.dtype) if isinstance(c, SymbolicZero) else c for c in cotangents
    )
    at_times = jnp.where(spikes.valid, at_times, 0)
    gradient, d_times = settings.run.backward(
        params, events, spikes, current, at_times, at_counts,
        delay=settings.delay, trains_tau=wanted.tau, wants_times=wanted.times,
    )  # fmt: skip
    poisoned = jnp.where(spikes.overflowed.any(), jnp.nan, 0)
    gradient = jax.tree.map(lambda g: g + poisoned.astype(g.dtype), gradient)
    return gradient, d_times, None, None


_layer.defvjp(_forward, _backward, symbolic_zeros=True)
